import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { eventually, waitFor } from '../testing/wait-for.ts'
import { describeLocker } from './contract.ts'
import { openConnections } from './fixtures/connections.ts'
import { remoteLocker } from './fixtures/remote-locker.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLocker, type RedisLocker, type RedisLockerOptions } from './redis-locker.ts'

const leaseMs = 500
const renewMs = 100

describe('locks in Redis', () => {
  let redis: TestRedis
  const connections = openConnections()
  let pair: [RedisConnection, RedisConnection]
  let tests = 0

  before(async function () {
    requireTool(this, 'redis-server')
    redis = await startRedis()
    pair = [await connections.open({ servers: [redis] }), await connections.open({ servers: [redis] })]
  })

  after(async () => {
    connections.closeAll()
    await redis?.kill()
  })

  /** Locks of its own for each test. */
  beforeEach(() => tests++)
  const name = (): string => `locks ${tests}`

  function openPair(options: RedisLockerOptions = {}): { first: RedisLocker; second: RedisLocker } {
    const [first, second] = pair.map((connection) => redisLocker(connection, { name: name(), ...options }))
    return { first: first as RedisLocker, second: second as RedisLocker }
  }

  describeLocker('over Redis', async () => openPair())

  describeLocker('over Redis whose messages are all lost', async () => {
    const [first, second] = pair.map((connection) =>
      redisLocker({ ...connection, subscribe: () => () => {} }, { name: name(), pollMs: 5 }),
    )
    return { first: first as RedisLocker, second: second as RedisLocker }
  })

  describe('a lock in Redis', () => {
    it('leaves nothing behind but who was there', async () => {
      const { first, second } = openPair()
      const held = await first.acquire(['a', 'b'])
      const waiting = second.acquire(['b', 'c'])
      assert.equal(await second.tryAcquire('a'), undefined)
      held.release()
      ;(await waiting).release()
      const fields = (): string[] => redis.command('hkeys', name()).trim().split('\n')
      await waitFor(() => fields().every((field) => /^(a |owners$|due$)/.test(field)))
    })

    it('is kept for as long as it is held, however short the lease', async () => {
      const { first, second } = openPair({ leaseMs, renewMs })
      const held = await first.acquire(['key'])
      const [before] = redis.command('hget', name(), 'due').split('\n')
      await waitFor(async () => {
        assert.equal(await second.tryAcquire('key'), undefined)
        return redis.command('hget', name(), 'due').split('\n')[0] !== before
      })
      assert.equal(held.isLost?.(), false)
      held.release()
    })

    it('is found lost when Redis has forgotten it, and waiters ask again', async () => {
      const { first, second } = openPair({ renewMs: 20, pollMs: 20 })
      const held = await first.acquire(['key'])
      const waiting = second.acquire(['key'])
      assert.equal(await second.tryAcquire('key'), undefined)
      redis.command('flushall')
      const next = await waiting
      await waitFor(() => held.isLost?.())
      held.release()
      assert.equal(await first.tryAcquire('key'), undefined)
      assert.equal(next.isLost?.(), false)
      next.release()
    })

    it('is found lost when its lease is over, also by who has asked for another one since', async () => {
      // Nothing is renewed but by asking.
      const [idle, { second }] = [openPair({ leaseMs, renewMs: 60_000 }).first, openPair()]
      const held = await idle.acquire(['key'])
      assert.equal(held.isLost?.(), false)
      const next = await second.acquire(['key'])
      assert.equal(held.isLost?.(), true)
      const other = await idle.acquire(['other'])
      assert.equal(other.isLost?.(), false)
      assert.equal(held.isLost?.(), true)
      const calls = (): number => Number(/evalsha:calls=(\d+)/.exec(redis.command('info', 'commandstats'))?.[1])
      const before = calls()
      await sleep(100)
      assert.ok(calls() - before < 20, 'Redis is asked without a pause')
      held.release()
      assert.equal(await idle.tryAcquire('key'), undefined)
      for (const lock of [other, next]) lock.release()
    })

    it('is not lost when its lease is over and nobody wanted it, once Redis has said so', async () => {
      const { first } = openPair({ leaseMs, renewMs: 60_000 })
      const held = await first.acquire(['key'])
      await waitFor(() => held.isLost?.())
      ;(await first.acquire(['other'])).release()
      await waitFor(() => held.isLost?.() === false)
      held.release()
    })

    it('is given up when its locker is closed, as is the place of those who wait', async () => {
      const { first, second } = openPair()
      await first.acquire(['key'])
      const other = await second.acquire(['other'])
      void first.acquire(['other', 'never reached'])
      assert.equal(await first.tryAcquire('other'), undefined)
      await first.close()
      ;(await second.acquire(['key'])).release()
      other.release()
      ;(await second.acquire(['other', 'never reached'])).release()
    })
  })

  describe('a process that shares locks in Redis', () => {
    function startProcess() {
      const script = path.join(import.meta.dirname, 'fixtures/redis-lock-process.ts')
      const child = fork(script, [String(redis.port), name(), String(leaseMs), String(renewMs)])
      return { child, locker: remoteLocker(child) }
    }

    it('loses its locks and its place when it is killed', async () => {
      const { second } = openPair()
      const { child, locker } = startProcess()
      await locker.acquire(['held'])
      const blocking = await second.acquire(['contested'])
      void locker.acquire(['contested', 'never reached'])
      assert.equal(await locker.tryAcquire('contested'), undefined)
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      assert.equal(await second.tryAcquire('held'), undefined)
      ;(await second.acquire(['held'])).release()
      blocking.release()
      ;(await second.acquire(['contested', 'never reached'])).release()
    })

    it('notices that its locks are gone when it was paused for longer than its lease', async () => {
      const { second } = openPair()
      const { child, locker } = startProcess()
      const held = await locker.acquire(['key'])
      assert.equal(await held.askWhetherLost(), false)
      child.kill('SIGSTOP')
      const next = await second.acquire(['key'])
      child.kill('SIGCONT')
      assert.equal(await held.askWhetherLost(), true)
      held.release()
      // What it has to say of its release has arrived when it is answered.
      assert.equal(await locker.tryAcquire('key'), undefined)
      assert.equal(next.isLost?.(), false)
      next.release()
      ;(await locker.acquire(['key'])).release()
      child.kill('SIGKILL')
    })

    it('keeps its locks when it was paused for a moment', async () => {
      const { second } = openPair()
      const { child, locker } = startProcess()
      const held = await locker.acquire(['key'])
      child.kill('SIGSTOP')
      assert.equal(await second.tryAcquire('key'), undefined)
      child.kill('SIGCONT')
      assert.equal(await eventually(async () => !(await held.askWhetherLost())), true)
      assert.equal(await second.tryAcquire('key'), undefined)
      held.release()
      ;(await second.acquire(['key'])).release()
      child.kill('SIGKILL')
    })
  })
})
