// Locks among the workers of one machine: the primary process keeps the table, a worker asks it by message. A worker that dies loses its locks.
import type { Worker } from 'node:cluster'
import { inProcessLocker, lockTable, type Ticket } from './in-process.ts'
import type { Lock, Locker } from './locker.ts'

interface LockRequest {
  ladingLock: 'acquire' | 'try' | 'release'
  id: number
  keys: readonly string[]
}

interface LockAnswer {
  ladingLock: 'granted' | 'refused'
  id: number
}

export interface LockServer {
  serve(worker: Worker): void
  /** For the primary's own work, on the same table. */
  locker: Locker
}

/** The primary's side: serves every worker that is handed to `serve`. */
export function workersLockServer(): LockServer {
  const table = lockTable()

  return {
    locker: inProcessLocker(table),

    serve(worker) {
      const tickets = new Map<number, Ticket>()
      let isGone = false
      const answer = (message: LockAnswer): void => {
        // A worker that has just died cannot be told: its exit is about to take the lock back. Without the callback that would end this process.
        if (worker.isConnected()) worker.send(message, () => {})
      }

      worker.on('message', (message: unknown) => {
        // Its last messages may be read after its end, and nobody would release what they ask for.
        if (isGone || !isLockRequest(message)) return
        const { id, keys } = message
        if (message.ladingLock === 'release') {
          const ticket = tickets.get(id)
          tickets.delete(id)
          if (ticket !== undefined) table.release(ticket)
        } else if (message.ladingLock === 'try' && keys.some((key) => table.isHeld(key))) {
          answer({ ladingLock: 'refused', id })
        } else {
          tickets.set(
            id,
            table.request(keys, () => answer({ ladingLock: 'granted', id })),
          )
        }
      })
      worker.once('exit', () => {
        isGone = true
        for (const ticket of tickets.values()) table.release(ticket)
        tickets.clear()
      })
    },
  }
}

/** The worker's side. `channel` is its process object. */
export function workerLocker(channel: NodeJS.Process = process): Locker {
  const waiting = new Map<number, (granted: boolean) => void>()
  let lastId = 0

  channel.on('message', (message: unknown) => {
    if (!isLockAnswer(message)) return
    const settle = waiting.get(message.id)
    waiting.delete(message.id)
    settle?.(message.ladingLock === 'granted')
  })

  function send(message: LockRequest): void {
    channel.send?.(message)
  }

  function ask(kind: 'acquire' | 'try', keys: readonly string[]): Promise<Lock | undefined> {
    const id = ++lastId
    return new Promise((resolve) => {
      waiting.set(id, (granted) => {
        resolve(granted ? { release: () => send({ ladingLock: 'release', id, keys: [] }) } : undefined)
      })
      send({ ladingLock: kind, id, keys })
    })
  }

  return {
    acquire: (keys) => ask('acquire', keys) as Promise<Lock>,
    tryAcquire: (key) => ask('try', [key]),
  }
}

function isLockRequest(message: unknown): message is LockRequest {
  return isMessageOf(message, ['acquire', 'try', 'release'])
}

function isLockAnswer(message: unknown): message is LockAnswer {
  return isMessageOf(message, ['granted', 'refused'])
}

function isMessageOf(message: unknown, kinds: string[]): boolean {
  return typeof message === 'object' && message !== null && kinds.includes((message as LockAnswer).ladingLock)
}
