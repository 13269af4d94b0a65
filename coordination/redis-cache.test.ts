import assert from 'node:assert/strict'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { openConnections } from './fixtures/connections.ts'
import type { Cache } from './cache.ts'
import { describeCache } from './fixtures/describe-cache.ts'
import { redisCache } from './redis-cache.ts'
import type { RedisConnection } from './redis-connection.ts'

describe('what processes keep in Redis', () => {
  let redis: TestRedis
  const connections = openConnections()
  let pair: [RedisConnection, RedisConnection]
  let caches = 0

  before(async function () {
    requireTool(this, 'redis-server')
    redis = await startRedis()
    pair = [await connections.open({ servers: [redis] }), await connections.open({ servers: [redis] })]
  })

  after(async () => {
    connections.closeAll()
    await redis?.kill()
  })

  /** A cache of its own for each test. */
  beforeEach(() => caches++)
  const name = (): string => `cache ${caches}`

  describeCache('that processes share in Redis', async (lifetimeMs) => {
    const opened = ++caches
    const open = (connection: RedisConnection): Cache => redisCache(connection, { name: `cache ${opened}`, lifetimeMs })
    return { first: open(pair[0]), second: open(pair[1]) }
  })

  describe('a cache in Redis', () => {
    it('answers one process what another has found', async () => {
      const [first, second] = pair.map((connection) => redisCache(connection, { name: name() }))
      await first?.lookup('key', async () => 'found')
      assert.equal(await second?.lookup('key', () => assert.fail('it was looked for again')), 'found')
    })

    it('keeps nothing for ever', async () => {
      const cache = redisCache(pair[0], { name: name(), lifetimeMs: 5000 })
      await cache.lookup('found', async () => 'found')
      await cache.lookup('absent', async () => undefined)
      for (const key of ['found', 'absent']) {
        const restMs = Number(redis.command('pttl', `${name()}:${key}`))
        assert.ok(restMs > 0 && restMs <= 5000, `${key}: ${restMs}`)
      }
    })

    it('is not filled by a load whose permit Redis has lost meanwhile, as when its memory is full', async () => {
      const cache = redisCache(pair[0], { name: name() })
      await cache.lookup('key', async () => {
        redis.command('del', `${name()}:key`)
        return 'old'
      })
      assert.equal(await cache.lookup('key', async () => 'new'), 'new')
    })

    it('counts the lifetime from before the load began', async () => {
      const cache = redisCache(pair[0], { name: name(), lifetimeMs: 5000 })
      await cache.lookup('key', async () => {
        await new Promise((resolve) => setTimeout(resolve, 200))
        return 'found'
      })
      assert.ok(Number(redis.command('pttl', `${name()}:key`)) <= 4800)
    })
  })
})
