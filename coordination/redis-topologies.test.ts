import assert from 'node:assert/strict'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, startRedisCluster, startSentinel, type TestRedis } from '../testing/start-redis.ts'
import { eventually, waitFor } from '../testing/wait-for.ts'
import type { Cache } from './cache.ts'
import { describeLocker } from './contract.ts'
import { openConnections } from './fixtures/connections.ts'
import { describeCache } from './fixtures/describe-cache.ts'
import { redisCache } from './redis-cache.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLocker, type RedisLocker } from './redis-locker.ts'

describe('a Redis cluster', () => {
  let tests = 0
  beforeEach(() => tests++)

  const connections = openConnections()
  let nodes: TestRedis[] = []
  let pair: [RedisConnection, RedisConnection]

  before(async function () {
    requireTool(this, 'redis-server')
    nodes = await startRedisCluster()
    const open = (): Promise<RedisConnection> => connections.open({ servers: nodes })
    pair = [await open(), await open()]
  })

  after(async () => {
    connections.closeAll()
    for (const node of nodes) await node.kill()
  })

  describeLocker('over it', async () => {
    const open = (connection: RedisConnection): RedisLocker => redisLocker(connection, { name: `locks ${tests}` })
    return { first: open(pair[0]), second: open(pair[1]) }
  })

  let caches = 0
  describeCache('in it', async (lifetimeMs) => {
    const name = `cache ${++caches}`
    const open = (connection: RedisConnection): Cache => redisCache(connection, { name, lifetimeMs })
    return { first: open(pair[0]), second: open(pair[1]) }
  })

  it('wakes those who wait by message', async () => {
    const open = (connection: RedisConnection): RedisLocker =>
      redisLocker(connection, { name: `locks ${tests}`, pollMs: 60_000, renewMs: 60_000, leaseMs: 60_000 })
    const [first, second] = [open(pair[0]), open(pair[1])]
    const channels = (): string[] => nodes.flatMap((node) => node.command('pubsub', 'channels').match(name) ?? [])
    const name = new RegExp(`^locks ${tests}:.*$`, 'gm')
    await waitFor(() => channels().length === 2)
    for (let count = 0; count < 10; count++) {
      const held = await first.acquire(['key'])
      const waiting = second.acquire(['key'])
      assert.equal(await second.tryAcquire('key'), undefined)
      held.release()
      ;(await waiting).release()
    }
  })

  it('is done without while a node is away, and used again when it is back', async () => {
    const told: string[] = []
    const open = (connection: RedisConnection): RedisLocker =>
      redisLocker(connection, {
        name: `locks ${tests}`,
        graceMs: 300,
        onTrouble: () => told.push('trouble'),
        onRecovery: () => told.push('recovery'),
      })
    const [first, second] = [open(pair[0]), open(pair[1])]
    const cache = redisCache(pair[0])
    for (const node of nodes) await node.kill()
    ;(await first.acquire(['key'])).release()
    assert.equal(await cache.lookup('key', async () => 'found'), 'found')
    assert.deepEqual(told, ['trouble'])
    for (const node of nodes) await node.restart()
    assert.ok(await eventually(() => told.includes('recovery')), 'it was not used again')
    const held = await first.acquire(['key'])
    assert.equal(await second.tryAcquire('key'), undefined)
    held.release()
  })
})

describe('a Redis that sentinels watch', () => {
  const connections = openConnections()
  const running: TestRedis[] = []
  let sentinel: TestRedis
  let master: TestRedis

  before(async function () {
    requireTool(this, 'redis-server')
    master = await startRedis(['--repl-diskless-sync-delay', '0'])
    const replica = await startRedis(['--replicaof', `127.0.0.1 ${master.port}`])
    await waitFor(() => replica.command('info', 'replication').includes('master_link_status:up'))
    sentinel = await startSentinel(master, 'lading')
    running.push(master, replica, sentinel)
    await waitFor(() => sentinel.command('sentinel', 'replicas', 'lading').includes(String(replica.port)))
  })

  after(async () => {
    connections.closeAll()
    for (const one of running) await one.kill()
  })

  it('is followed to the replica that takes over, and nothing is answered that the old master kept', async () => {
    const connection = await connections.open({ servers: [sentinel], master: 'lading' })
    const told: string[] = []
    const locker = redisLocker(connection, {
      graceMs: 300,
      onTrouble: () => told.push('trouble'),
      onRecovery: () => told.push('recovery'),
    })
    const cache = redisCache(connection, { lifetimeMs: 60_000 })
    ;(await locker.acquire(['key'])).release()
    await cache.lookup('key', async () => 'old')
    await master.kill()
    ;(await locker.acquire(['key'])).release()
    assert.equal(await cache.lookup('other', async () => 'found'), 'found')
    assert.ok(await eventually(() => told.includes('recovery')), 'the replica was not found')
    ;(await locker.acquire(['key'])).release()
    assert.equal(await cache.lookup('key', async () => 'new'), 'new')
    assert.deepEqual(told, ['trouble', 'recovery'])
  })
})
