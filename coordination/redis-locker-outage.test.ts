import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { eventually, waitFor } from '../testing/wait-for.ts'
import { openConnections } from './fixtures/connections.ts'
import { startTcpProxy, type TcpProxy } from './fixtures/tcp-proxy.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLocker, type RedisLocker, type RedisLockerOptions } from './redis-locker.ts'

const graceMs = 300
const commandTimeoutMs = 200
/** Time-outs, the grace, and what a busy machine takes. */
const notLongMs = 3000

describe('locks in Redis when it is away', () => {
  let redis: TestRedis
  let proxy: TcpProxy
  let tests = 0
  const connections = openConnections()
  /** Through the proxy, and directly. */
  let shaky: RedisConnection
  let steady: RedisConnection
  let lockers: RedisLocker[] = []
  let told: string[]

  before(function () {
    requireTool(this, 'redis-server')
  })

  beforeEach(async () => {
    tests++
    // It keeps what it had, so that it comes back with locks that were released meanwhile.
    redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always'])
    proxy = await startTcpProxy(redis)
    shaky = await connections.open({ servers: [proxy], commandTimeoutMs })
    steady = await connections.open({ servers: [redis], commandTimeoutMs })
    told = []
  })

  afterEach(async () => {
    await Promise.all(lockers.splice(0).map((locker) => locker.close()))
    connections.closeAll()
    proxy?.close()
    await redis?.kill()
  })

  function open(connection: RedisConnection, options: RedisLockerOptions = {}): RedisLocker {
    const locker = redisLocker(connection, {
      name: `locks ${tests}`,
      renewMs: 100,
      pollMs: 20,
      graceMs,
      onTrouble: (message) => told.push(message),
      onRecovery: () => told.push('recovered'),
      ...options,
    })
    lockers.push(locker)
    return locker
  }

  it('are granted within the process, without waiting each time, until it is back', async () => {
    const [here, there] = [open(shaky), open(steady)]
    const before = await here.acquire(['before'])
    await redis.kill()

    const began = performance.now()
    for (let count = 0; count < 50; count++) (await here.acquire(['key'])).release()
    assert.ok(performance.now() - began < notLongMs)
    const held = await here.acquire(['key'])
    assert.equal(await here.tryAcquire('key'), undefined)
    assert.equal(await here.tryAcquire('before'), undefined, 'what Redis granted before is still held')
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', /lost|ECONN/)

    await redis.restart()
    await waitFor(() => told.length === 2)
    assert.equal(told[1], 'recovered')
    held.release()
    before.release()
    const shared = await here.acquire(['key'])
    assert.equal(await there.tryAcquire('key'), undefined)
    shared.release()
    assert.ok(await eventually(async () => (await there.tryAcquire('before')) !== undefined))
  })

  it('are granted also to those who waited when it died', async () => {
    const [here, there] = [open(shaky), open(steady)]
    await there.acquire(['key'])
    const waiting = here.acquire(['key', 'other'])
    assert.equal(await here.tryAcquire('other'), undefined)
    await redis.kill()
    const lock = await waiting
    assert.equal(await here.tryAcquire('other'), undefined)
    assert.equal(lock.isLost?.(), false)
    lock.release()
    ;(await here.acquire(['other'])).release()
  })

  it('are granted when it accepts connections and answers nothing', async () => {
    const here = open(shaky)
    const held = await here.acquire(['held'])
    redis.pause()
    const began = performance.now()
    ;(await here.acquire(['key'])).release()
    assert.equal(await here.tryAcquire('held'), undefined)
    assert.ok(performance.now() - began < notLongMs)
    held.release()
    redis.resume()
    await waitFor(() => told.at(-1) === 'recovered')
    assert.equal(told.length, 2)
    ;(await here.acquire(['held', 'key'])).release()
  })

  it('that were released meanwhile are free for others once it is back', async () => {
    const [here, there] = [open(shaky), open(steady)]
    const held = await here.acquire(['held'])
    const blocking = await there.acquire(['contested'])
    const waiting = here.acquire(['contested', 'wanted'])
    assert.equal(await here.tryAcquire('wanted'), undefined)
    proxy.cut()
    ;(await waiting).release()
    held.release()
    assert.equal(await there.tryAcquire('held'), undefined, 'Redis still knows the lock')
    proxy.mend()
    ;(await there.acquire(['held', 'wanted'])).release()
    blocking.release()
    ;(await there.acquire(['contested'])).release()
  })

  it('outlive a connection that breaks for a moment, and so does the place of those who wait', async () => {
    const [here, there] = [open(shaky, { graceMs: 60_000 }), open(steady)]
    const held = await here.acquire(['held'])
    const blocking = await there.acquire(['contested'])
    const waiting = here.acquire(['contested'])
    proxy.cut()
    const meanwhile = here.acquire(['new'])
    const tried = here.tryAcquire('tried')
    proxy.mend()
    const [lock, tryLock] = [await meanwhile, await tried]
    for (const key of ['held', 'new', 'tried']) assert.equal(await there.tryAcquire(key), undefined)
    for (const one of [held, lock, tryLock]) assert.equal(one?.isLost?.(), false)
    blocking.release()
    await waiting
    assert.equal(await there.tryAcquire('contested'), undefined)
    assert.deepEqual(told, [])
  })

  it('are not held twice when the answer to a request was lost', async () => {
    const [here, there] = [open(shaky, { graceMs: 60_000 }), open(steady)]
    // Redis knows both by then.
    ;(await here.acquire(['warm'])).release()
    ;(await there.acquire(['warm'])).release()
    proxy.loseAnswers()
    const asked = here.acquire(['key'])
    const tried = here.tryAcquire('tried')
    await waitFor(async () => (await there.tryAcquire('key').then((lock) => lock?.release() ?? 'held')) === 'held')
    proxy.cut()
    proxy.mend()
    const [lock, tryLock] = [await asked, await tried]
    assert.ok(tryLock)
    lock.release()
    tryLock.release()
    ;(await there.acquire(['key', 'tried'])).release()
    assert.deepEqual(told, [])
  })

  it('whose requests were given up while the answers were lost keep nobody else waiting', async () => {
    const [here, there] = [open(shaky), open(steady)]
    ;(await here.acquire(['warm'])).release()
    proxy.loseAnswers()
    const [lock, tryLock] = [await here.acquire(['key']), await here.tryAcquire('tried')]
    assert.equal(await there.tryAcquire('key'), undefined, 'the request had arrived')
    lock.release()
    tryLock?.release()
    proxy.cut()
    proxy.mend()
    ;(await there.acquire(['key', 'tried'])).release()
  })

  it('count as lost to a process that is cut off for longer than its lease, while another holds them', async () => {
    const [here, there] = [open(shaky, { leaseMs: 600 }), open(steady)]
    const held = await here.acquire(['key'])
    proxy.cut()
    assert.equal(held.isLost?.(), false)
    const next = await there.acquire(['key'])
    assert.equal(held.isLost?.(), true)
    proxy.mend()
    await waitFor(() => told.at(-1) === 'recovered')
    assert.equal(held.isLost?.(), true)
    held.release()
    assert.equal(await here.tryAcquire('key'), undefined)
    next.release()
  })

  it('that were granted without it are not lost, and still exclude this process when it is back', async () => {
    const here = open(shaky)
    proxy.cut()
    const held = await here.acquire(['key'])
    proxy.mend()
    await waitFor(() => told.at(-1) === 'recovered')
    assert.equal(held.isLost?.(), false)
    assert.equal(await here.tryAcquire('key'), undefined)
    const waiting = here.acquire(['key'])
    assert.equal(await here.tryAcquire('key'), undefined)
    held.release()
    ;(await waiting).release()
  })

  it('are never held by two while connections break and answers are lost, and everyone gets in', async () => {
    const ways = [proxy, await startTcpProxy(redis)]
    const [mine, others] = [shaky, await connections.open({ servers: [ways[1] as TcpProxy], commandTimeoutMs })]
    // Nobody goes on without Redis.
    const pair = [open(mine, { graceMs: 60_000 }), open(others, { graceMs: 60_000 })]
    const inside = new Set<string>()
    const end = performance.now() + 2500

    async function use(locker: RedisLocker): Promise<void> {
      while (performance.now() < end) {
        const wanted = ['a', 'b', 'c', 'd'].filter(() => Math.random() < 0.4)
        const key = wanted[0]
        const tries = key !== undefined && Math.random() < 0.3
        const lock = tries ? await locker.tryAcquire(key) : await locker.acquire(wanted)
        const held = lock === undefined ? [] : tries ? [key] : wanted
        for (const one of held) assert.ok(!inside.has(one), `${one} is held twice`)
        for (const one of held) inside.add(one)
        await sleep(Math.random() * 3)
        for (const one of held) inside.delete(one)
        lock?.release()
      }
    }

    const using = Promise.all(Array.from({ length: 12 }, (_, index) => use(pair[index % 2] as RedisLocker)))
    for (; performance.now() < end; await sleep(Math.random() * 80)) {
      const way = ways[Math.random() < 0.5 ? 0 : 1] as TcpProxy
      if (Math.random() < 0.5) way.loseAnswers()
      await sleep(Math.random() * 30)
      way.cut()
      await sleep(Math.random() * 20)
      way.mend()
    }
    await using
    assert.deepEqual(told, [])
    ways[1]?.close()
  })
})
