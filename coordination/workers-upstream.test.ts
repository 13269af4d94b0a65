import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import path from 'node:path'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { describeLocker } from './contract.ts'
import { openConnections } from './fixtures/connections.ts'
import { remoteLocker } from './fixtures/remote-locker.ts'
import { inProcessLocker } from './in-process.ts'
import { redisLocker } from './redis-locker.ts'
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

describe('workers whose primary holds their locks in Redis too', () => {
  let redis: TestRedis
  const connections = openConnections()
  let pair: [Worker, Worker]
  let tests = 0

  before(async function () {
    requireTool(this, 'redis-server')
    redis = await startRedis()
    pair = [startWorker(), startWorker()]
  })

  after(async () => {
    connections.closeAll()
    await redis?.kill()
  })

  describeLocker('of two workers', async () => {
    const connection = await connections.open({ servers: [redis] })
    const server = workersLockServer({ upstream: redisLocker(connection, { name: `locks ${++tests}` }) })
    for (const worker of pair) worker.removeAllListeners('message')
    for (const worker of pair) server.serve(worker)
    return { first: remoteLocker(pair[0]), second: remoteLocker(pair[1]) }
  })
})

describe('workers of two machines', () => {
  /** What stands for Redis is in this process, as are both primaries. */
  const open = () => {
    const upstream = inProcessLocker()
    const servers = [workersLockServer({ upstream }), workersLockServer({ upstream })] as const
    const workers = [startWorker(), startWorker()] as const
    for (const index of [0, 1] as const) servers[index].serve(workers[index])
    return { upstream, servers, workers, lockers: [remoteLocker(workers[0]), remoteLocker(workers[1])] as const }
  }

  it('exclude each other, and each other’s primaries', async () => {
    const { servers, lockers } = open()
    const held = await lockers[0].acquire(['key', 'other'])
    assert.equal(await lockers[1].tryAcquire('key'), undefined)
    assert.equal(await servers[1].locker.tryAcquire('other'), undefined)
    const waiting = lockers[1].acquire(['key'])
    held.release()
    const next = await waiting
    assert.equal(await servers[0].locker.tryAcquire('key'), undefined)
    next.release()
    const primarys = await servers[0].locker.acquire(['key'])
    assert.equal(await lockers[1].tryAcquire('key'), undefined)
    primarys.release()
  })

  it('lose what they hold and their place when they are killed, upstream as well', async () => {
    const { upstream, workers, lockers } = open()
    await lockers[0].acquire(['held'])
    const blocking = await lockers[1].acquire(['contested'])
    void lockers[0].acquire(['contested', 'never reached'])
    assert.equal(await lockers[0].tryAcquire('contested'), undefined)
    await kill(workers[0])
    ;(await lockers[1].acquire(['held'])).release()
    blocking.release()
    ;(await upstream.acquire(['held', 'contested', 'never reached'])).release()
  })
})
