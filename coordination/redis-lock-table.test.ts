import assert from 'node:assert/strict'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { waitFor } from '../testing/wait-for.ts'
import { openConnections } from './fixtures/connections.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLockTable, type RedisLockTable } from './redis-lock-table.ts'

describe('the lock table in Redis', () => {
  const connections = openConnections()
  let redis: TestRedis
  let connection: RedisConnection
  let tests = 0

  before(async function () {
    requireTool(this, 'redis-server')
    redis = await startRedis()
    connection = await connections.open({ servers: [redis] })
  })

  after(async () => {
    connections.closeAll()
    await redis?.kill()
  })

  beforeEach(() => tests++)

  const open = (owner: string, leaseMs = 10_000): RedisLockTable =>
    redisLockTable(connection, { name: `locks ${tests}`, owner, leaseMs })
  const fields = (): string[] => redis.command('hkeys', `locks ${tests}`).trim().split('\n')

  it('keeps the place of a ticket that is asked for again, and counts it once', async () => {
    const [a, b] = [open('a'), open('b')]
    assert.equal(await a.request('a:1', ['x']), 'granted')
    assert.equal(await b.request('b:1', ['x', 'y']), 'waiting')
    assert.equal(await a.request('a:2', ['x']), 'waiting')
    for (const _ of [1, 2]) assert.equal(await b.request('b:1', ['x', 'y']), 'waiting')
    for (const _ of [1, 2]) assert.equal(await a.request('a:1', ['x']), 'granted')
    await a.release('a:1')
    assert.deepEqual([await b.renew(['b:1']), await a.renew(['a:2'])], [['granted'], ['waiting']])
    await b.release('b:1')
    assert.deepEqual(await a.renew(['a:2']), ['granted'])
    await a.release('a:2')
    assert.deepEqual(fields().sort(), ['a a', 'a b', 'due', 'owners'])
  })

  it('gives up what its owner no longer tells of, also in the middle of a queue', async () => {
    const [a, b] = [open('a'), open('b')]
    await a.request('a:1', ['x'])
    await b.request('b:1', ['x', 'y'])
    await b.request('b:2', ['x'])
    await a.request('a:2', ['x'])
    assert.deepEqual(await b.renew(['b:3']), ['gone'])
    assert.deepEqual(await a.renew(['a:2']), ['granted'])
    assert.equal(await b.tryRequest('b:4', 'y'), true)
    assert.equal(await b.tryRequest('b:5', 'x'), false)
  })

  it('buries the dead wherever they are in the queues, and wakes those behind them', async () => {
    const [dead, also, living] = [open('dead', 100), open('also', 100), open('living')]
    const woken: string[] = []
    living.onGranted((ticket) => woken.push(ticket))
    await waitFor(() => redis.command('pubsub', 'channels').includes(`locks ${tests}:living`))
    await dead.request('dead:1', ['x', 'y'])
    await also.request('also:1', ['y', 'x', 'z'])
    await dead.request('dead:2', ['z'])
    await living.request('living:1', ['z', 'x'])
    await also.request('also:2', ['w'])
    await waitFor(async () => (await living.renew(['living:1']))[0] === 'granted')
    await waitFor(() => woken.includes('living:1'))
    assert.deepEqual(await dead.renew(['dead:1', 'dead:2']), ['gone', 'gone'])
    assert.equal(await living.tryRequest('living:2', 'w'), true)
  })

  it('lets nobody live for ever when the clock of Redis was set back', async () => {
    const [dead, living] = [open('dead'), open('living', 100)]
    await dead.request('dead:1', ['x'])
    // As it is after the clock was an hour ahead.
    const future = String(Date.now() + 3_600_000)
    for (const field of ['due', 'a dead']) redis.command('hset', `locks ${tests}`, field, future)
    await living.renew([])
    await waitFor(async () => {
      await living.renew([])
      return Number(redis.command('hget', `locks ${tests}`, 'a dead')) <= Date.now() + 61_000
    })
    await dead.renew(['dead:1'])
    assert.ok(Number(redis.command('hget', `locks ${tests}`, 'a dead')) <= Date.now() + 10_000)
  })

  it('is forgotten by Redis when nobody uses it any more', async () => {
    await open('a').renew([])
    assert.ok(Number(redis.command('ttl', `locks ${tests}`)) > 0)
  })
})
