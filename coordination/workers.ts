// Locks among the workers of one machine: the primary process keeps the table, a worker asks it by message. A worker that dies loses its locks.
import type { Worker } from 'node:cluster'
import { lockersInOrder } from './in-order.ts'
import { inProcessLocker } from './in-process.ts'
import type { Lock, Locker } from './locker.ts'

interface LockRequest {
  kind: 'acquire' | 'try' | 'release'
  id: number
  keys: readonly string[]
}

interface LockAnswer {
  kind: 'granted' | 'refused'
  id: number
}

export interface LockServer {
  serve(worker: Worker): void
  /** For the primary's own work, on the same table. */
  locker: Locker
}

export interface LockServerOptions {
  /** What is granted, to workers or to the primary itself, is then held here too: among machines. It must not reject. */
  upstream?: Locker | undefined
}

/** The primary's side: serves every worker that is handed to `serve`. */
export function workersLockServer({ upstream }: LockServerOptions = {}): LockServer {
  const near = inProcessLocker()
  const locker = upstream === undefined ? near : lockersInOrder(near, upstream)

  return {
    locker,

    serve(worker) {
      const held = new Map<number, Lock>()
      let isGone = false
      // A worker that has just died cannot be told: its exit is about to take the lock back. Without the callback that would end this process.
      const answer = batched<LockAnswer>((batch) => worker.isConnected() && worker.send(batch, () => {}))

      const grant = async ({ kind, id, keys }: LockRequest): Promise<void> => {
        const lock = kind === 'acquire' ? await locker.acquire(keys) : await locker.tryAcquire(keys[0] ?? '')
        // Who died while it waited is passed over when its turn comes.
        if (isGone) return lock?.release()
        if (lock !== undefined) held.set(id, lock)
        answer({ kind: lock === undefined ? 'refused' : 'granted', id })
      }

      const take = (request: LockRequest): void => {
        if (request.kind !== 'release') return void grant(request)
        held.get(request.id)?.release()
        held.delete(request.id)
      }

      worker.on('message', (message: unknown) => {
        // Its last messages may be read after its end, and nobody would release what they ask for.
        if (!isGone) batchIn<LockRequest>(message)?.forEach(take)
      })
      worker.once('exit', () => {
        isGone = true
        for (const lock of held.values()) lock.release()
        held.clear()
      })
    },
  }
}

/** The worker's side. `channel` is its process object. */
export function workerLocker(channel: NodeJS.Process = process): Locker {
  const waiting = new Map<number, (granted: boolean) => void>()
  let lastId = 0

  const send = batched<LockRequest>((batch) => channel.connected && channel.send?.(batch, undefined, {}, () => {}))

  channel.on('message', (message: unknown) => {
    for (const { kind, id } of batchIn<LockAnswer>(message) ?? []) {
      const settle = waiting.get(id)
      waiting.delete(id)
      settle?.(kind === 'granted')
    }
  })

  function ask(kind: 'acquire' | 'try', keys: readonly string[]): Promise<Lock | undefined> {
    const id = ++lastId
    return new Promise((resolve) => {
      waiting.set(id, (granted) => {
        resolve(granted ? { release: () => send({ kind: 'release', id, keys: [] }) } : undefined)
      })
      send({ kind, id, keys })
    })
  }

  return {
    acquire: (keys) => ask('acquire', keys) as Promise<Lock>,
    tryAcquire: (key) => ask('try', [key]),
  }
}

/** What one turn of the event loop has to say goes in one message: each costs both processes tens of microseconds. */
interface Batch<M> {
  ladingLocks: M[]
}

function batched<M>(deliver: (batch: Batch<M>) => unknown): (message: M) => void {
  let gathered: M[] = []
  const flush = (): void => {
    const ladingLocks = gathered
    gathered = []
    deliver({ ladingLocks })
  }
  return (message) => {
    if (gathered.push(message) === 1) setImmediate(flush)
  }
}

function batchIn<M>(message: unknown): M[] | undefined {
  return typeof message === 'object' && message !== null ? (message as Batch<M>).ladingLocks : undefined
}
