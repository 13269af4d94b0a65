import assert from 'node:assert/strict'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { waitFor } from '../testing/wait-for.ts'
import type { Cache } from './cache.ts'
import { openConnections } from './fixtures/connections.ts'
import { startTcpProxy, type TcpProxy } from './fixtures/tcp-proxy.ts'
import { redisCache } from './redis-cache.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Longer than any test, where it must not be the lifetime that helps. */
const longMs = 60_000

describe('a cache in Redis that is away', () => {
  const connections = openConnections()
  const running: { kill(): unknown }[] = []

  before(function () {
    requireTool(this, 'redis-server')
  })

  afterEach(async () => {
    connections.closeAll()
    for (const one of running.splice(0)) await one.kill()
  })

  async function start(args: readonly string[] = []): Promise<TestRedis> {
    const redis = await startRedis(args)
    running.push(redis)
    return redis
  }

  async function startProxy(redis: TestRedis): Promise<TcpProxy> {
    const proxy = await startTcpProxy(redis)
    running.push({ kill: () => proxy.close() })
    return proxy
  }

  const connect = (to: { host: string; port: number }): Promise<RedisConnection> =>
    connections.open({ servers: [to], commandTimeoutMs: 200 })

  const isKept = async (cache: Cache, key: string): Promise<boolean> => {
    let isAsked = false
    await cache.lookup(key, async () => {
      isAsked = true
      return undefined
    })
    return !isAsked
  }

  it('is as an empty one, and is filled again when it is back', async () => {
    const redis = await start()
    const connection = await connect(redis)
    const cache = redisCache(connection)
    await cache.lookup('key', async () => 'before')
    await redis.kill()
    for (const value of ['one', 'two', undefined]) assert.equal(await cache.lookup('key', async () => value), value)
    await assert.rejects(
      cache.lookup('key', () => Promise.reject(new Error('no storage'))),
      /^Error: no storage$/,
    )
    await redis.restart()
    await waitFor(async () => {
      await cache.lookup('key', async () => 'after')
      return isKept(cache, 'key')
    })
  })

  it('answers when Redis dies during a load', async () => {
    const redis = await start()
    const cache = redisCache(await connect(redis))
    const looking = cache.lookup('key', async () => {
      await redis.kill()
      return 'found'
    })
    assert.equal(await looking, 'found')
  })

  it('does not keep every lookup waiting for a Redis that accepts connections and answers nothing', async () => {
    const redis = await start()
    const cache = redisCache(await connect(redis), { patienceMs: 100, pauseMs: 5000 })
    redis.pause()
    const began = performance.now()
    for (let count = 0; count < 200; count++) assert.equal(await cache.lookup(`key ${count}`, async () => 'x'), 'x')
    // One of them waits.
    assert.ok(performance.now() - began < 1000)
    redis.resume()
  })

  it('is told of an invalidation only after one lifetime, in which what others keep in Redis has lived out', async () => {
    const redis = await start()
    const proxy = await startProxy(redis)
    const lifetimeMs = 600
    const [here, there] = [await connect(proxy), await connect(redis)].map((one) => redisCache(one, { lifetimeMs }))
    proxy.cut()
    let isDeleted = false
    const load = async (): Promise<string | undefined> => (isDeleted ? undefined : 'old')
    await there?.lookup('key', load)
    isDeleted = true
    const began = performance.now()
    const invalidating = here?.invalidate(['key', 'other'])
    assert.equal(await there?.lookup('key', load), 'old')
    await invalidating
    assert.ok(performance.now() - began >= lifetimeMs)
    assert.ok(performance.now() - began < 2 * lifetimeMs + 1000)
    assert.equal(await there?.lookup('key', load), undefined)
  })

  it('is told of an invalidation as soon as Redis is back', async () => {
    const redis = await start()
    const proxy = await startProxy(redis)
    const [here, there] = [await connect(proxy), await connect(redis)].map((one) =>
      redisCache(one, { lifetimeMs: longMs }),
    )
    await there?.lookup('key', async () => 'old')
    proxy.cut()
    const invalidating = here?.invalidate(['key'])
    assert.ok(await isKept(there as Cache, 'key'))
    proxy.mend()
    await invalidating
    assert.ok(!(await isKept(there as Cache, 'key')))
  })

  it('tries again when the answer to an invalidation is lost', async () => {
    const redis = await start()
    const proxy = await startProxy(redis)
    const cache = redisCache(await connect(proxy), { lifetimeMs: longMs })
    await cache.lookup('key', async () => 'old')
    proxy.loseAnswers()
    const invalidating = cache.invalidate(['key'])
    proxy.cut()
    proxy.mend()
    await invalidating
    assert.ok(!(await isKept(cache, 'key')))
  })

  it('answers nothing that a server kept which has ended, though its disk has it', async () => {
    const redis = await start(['--appendonly', 'yes', '--appendfsync', 'always'])
    const connection = await connect(redis)
    const cache = redisCache(connection, { lifetimeMs: longMs })
    await cache.lookup('key', async () => 'old')
    await redis.kill()
    await redis.restart()
    await waitFor(() => connection.isUp())
    assert.match(redis.command('hgetall', 'lading:cache:key'), /old/)
    assert.ok(!(await isKept(cache, 'key')))
    await cache.lookup('key', async () => 'new')
    assert.ok(await isKept(cache, 'key'))
  })

  it('is not filled with the permit of a server that has ended, though its disk has it', async () => {
    const redis = await start(['--appendonly', 'yes', '--appendfsync', 'always'])
    const connection = await connect(redis)
    const cache = redisCache(connection, { lifetimeMs: longMs })
    await cache.lookup('key', async () => {
      await redis.kill()
      await redis.restart()
      await waitFor(() => connection.isUp())
      return 'old'
    })
    assert.ok(!(await isKept(cache, 'key')))
  })

  it('answers nothing that a replica has which became the master and missed the invalidation', async () => {
    const master = await start(['--repl-diskless-sync-delay', '0'])
    const proxy = await startProxy(master)
    const replica = await start(['--replicaof', `${proxy.host} ${proxy.port}`])
    const [before, after] = [await connect(master), await connect(replica)].map((one) =>
      redisCache(one, { lifetimeMs: longMs }),
    )
    await before?.lookup('key', async () => 'old')
    await waitFor(() => replica.command('hget', 'lading:cache:key', 'value').trim() === 'old')
    proxy.cut()
    await before?.invalidate(['key'])
    await master.kill()
    replica.command('replicaof', 'no', 'one')
    assert.equal(replica.command('hget', 'lading:cache:key', 'value').trim(), 'old')
    assert.ok(!(await isKept(after as Cache, 'key')))
  })
})
