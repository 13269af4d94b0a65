import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { EventEmitter, once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeLocker } from './contract.ts'
import { remoteLocker } from './fixtures/remote-locker.ts'
import { workersLockServer } from './workers.ts'

const running = new Set<Worker>()

function startWorker(): Worker {
  cluster.setupPrimary({ exec: path.join(import.meta.dirname, 'fixtures/lock-worker.ts'), execArgv: [], args: [] })
  // Every test serves it anew.
  const worker = cluster.fork().setMaxListeners(0)
  running.add(worker)
  worker.once('exit', () => running.delete(worker))
  return worker
}

async function kill(worker: Worker): Promise<void> {
  const gone = once(worker, 'exit')
  worker.process.kill('SIGKILL')
  await gone
}

after(() => Promise.all(Array.from(running, kill)))

/** The same two processes for all tests, and a table of its own for each. */
let pair: [Worker, Worker] | undefined

describeLocker('among worker processes', async () => {
  pair ??= [startWorker(), startWorker()]
  for (const worker of pair) worker.removeAllListeners('message')
  const server = workersLockServer()
  for (const worker of pair) server.serve(worker)
  return { first: remoteLocker(pair[0]), second: remoteLocker(pair[1]) }
})

describeLocker('of a worker and of its primary', async () => {
  pair ??= [startWorker(), startWorker()]
  pair[0].removeAllListeners('message')
  const server = workersLockServer()
  server.serve(pair[0])
  return { first: server.locker, second: remoteLocker(pair[0]) }
})

describe('a worker that is killed', () => {
  it('loses the locks that it holds and its place where it waits', async () => {
    const server = workersLockServer()
    const [doomed, survivor] = [startWorker(), startWorker()]
    server.serve(doomed)
    server.serve(survivor)
    const [dying, living] = [remoteLocker(doomed), remoteLocker(survivor)]
    await dying.acquire(['held', 'held too'])
    const blocking = await living.acquire(['contested'])
    void dying.acquire(['contested', 'never reached'])
    // An answer means that what was asked before has arrived.
    assert.ok(await dying.tryAcquire('tried'))
    const waiting = living.acquire(['contested', 'held', 'tried'])

    await kill(doomed)
    blocking.release()

    ;(await waiting).release()
    ;(await living.acquire(['held too', 'never reached'])).release()
  })

  it('loses its locks while it is busy asking for more', async () => {
    const server = workersLockServer()
    const doomed = startWorker()
    server.serve(doomed)
    const dying = remoteLocker(doomed)
    await dying.acquire(['key'])
    for (let count = 0; count < 200; count++) void dying.acquire([`key ${count}`])
    await kill(doomed)
    // Whatever it had still sent arrives now.
    await sleep(50)
    ;(await server.locker.acquire(['key', ...Array.from({ length: 200 }, (_, count) => `key ${count}`)])).release()
  })

  it('does the primary no harm when it is granted a lock before its end was noticed', async () => {
    const server = workersLockServer()
    const doomed = startWorker()
    server.serve(doomed)
    const dying = remoteLocker(doomed)
    const held = await server.locker.acquire(['key'])
    void dying.acquire(['key'])
    assert.equal(await dying.tryAcquire('key'), undefined)
    const gone = once(doomed, 'exit')
    doomed.process.kill('SIGKILL')
    // Nothing is noticed while this process does not get round to it, but the other end of the pipe is closed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    held.release()
    await gone
    ;(await server.locker.acquire(['key'])).release()
  })
})

describe('the lock server', () => {
  it('grants nothing to a worker whose last words arrive after its death', async () => {
    const server = workersLockServer()
    const ghost = fakeWorker()
    server.serve(ghost)
    ghost.emit('exit')
    ghost.emit('message', { ladingLock: 'acquire', id: 1, keys: ['key'] })
    ghost.emit('message', { ladingLock: 'try', id: 2, keys: ['other'] })
    assert.ok(await server.locker.tryAcquire('key'))
    assert.ok(await server.locker.tryAcquire('other'))
  })

  it('leaves messages of others alone', async () => {
    const server = workersLockServer()
    const worker = fakeWorker()
    server.serve(worker)
    for (const message of [null, undefined, 'acquire', 5, {}, { ladingLock: 'granted', id: 1 }, { type: 'metrics' }]) {
      worker.emit('message', message)
    }
    assert.deepEqual(worker.sent, [])
  })
})

/** As much of a worker as the server looks at. */
function fakeWorker(): Worker & { sent: unknown[] } {
  const sent: unknown[] = []
  const worker = Object.assign(new EventEmitter(), {
    sent,
    isConnected: () => true,
    send: (message: unknown) => sent.push(message),
  })
  return worker as unknown as Worker & { sent: unknown[] }
}
