import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { makeCertificates, readPair } from '../testing/certificates.ts'
import { requireTool } from '../testing/requirements.ts'
import { startRedis, type TestRedis } from '../testing/start-redis.ts'
import { waitFor } from '../testing/wait-for.ts'
import { openConnections } from './fixtures/connections.ts'
import type { RedisScript } from './redis-connection.ts'

const echo: RedisScript = { name: 'echo', numberOfKeys: 1, lua: `return { KEYS[1], ARGV[1] }` }
const set: RedisScript = { name: 'setIt', numberOfKeys: 1, lua: `return redis.call('SET', KEYS[1], ARGV[1])` }
const failing: RedisScript = { name: 'failing', numberOfKeys: 1, lua: `return redis.call('HGET', KEYS[1], 'x')` }

describe('a connection to Redis', () => {
  const connections = openConnections()
  const running: TestRedis[] = []

  before(function () {
    requireTool(this, 'redis-server')
  })

  afterEach(async () => {
    connections.closeAll()
    for (const redis of running.splice(0)) await redis.kill()
  })

  async function start(...args: Parameters<typeof startRedis>): Promise<TestRedis> {
    const redis = await startRedis(...args)
    running.push(redis)
    return redis
  }

  it('runs scripts, also those that Redis has forgotten, and tells of their errors', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis], connectionName: 'a-name' })
    assert.deepEqual(await connection.run(echo, ['key', 1]), ['key', '1'])
    redis.command('script', 'flush')
    assert.deepEqual(await connection.run(echo, ['key', 'ä']), ['key', 'ä'])
    await connection.run(set, ['key', 'x'])
    await assert.rejects(connection.run(failing, ['key']), /WRONGTYPE/)
    assert.match(redis.command('client', 'list'), /name=a-name/)
  })

  it('uses the database that is named', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis], db: 3 })
    await connection.run(set, ['key', 'x'])
    assert.equal(redis.command('-n', '3', 'get', 'key').trim(), 'x')
    assert.equal(redis.command('get', 'key').trim(), '')
  })

  it('speaks the older protocol too', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis], protocol: 2 })
    const messages: string[] = []
    connection.subscribe('channel', (message) => messages.push(message))
    await waitFor(() => redis.command('publish', 'channel', 'hello').trim() === '1')
    await waitFor(() => messages.includes('hello'))
    assert.deepEqual(await connection.run(echo, ['key', 1]), ['key', '1'])
  })

  it('resolves when the server is away, tells why, and comes up when it is there', async () => {
    const redis = await start()
    await redis.kill()
    const began = performance.now()
    const connection = await connections.open({ servers: [redis], connectTimeoutMs: 300 })
    assert.ok(performance.now() - began < 2000)
    assert.equal(connection.isUp(), false)
    assert.match(connection.trouble() ?? '', /ECONNREFUSED/)
    await assert.rejects(connection.run(echo, ['key', 1]), /ECONNREFUSED/)
    await redis.restart()
    await waitFor(() => connection.isUp())
    assert.equal(connection.trouble(), undefined)
    assert.deepEqual(await connection.run(echo, ['key', 1]), ['key', '1'])
  })

  it('does not wait long for a server that accepts connections and answers nothing', async () => {
    const redis = await start()
    redis.pause()
    const began = performance.now()
    const connection = await connections.open({ servers: [redis], connectTimeoutMs: 300 })
    await assert.rejects(connection.run(echo, ['key', 1]))
    assert.ok(performance.now() - began < 2000)
    redis.resume()
    await waitFor(() => connection.isUp())
    redis.pause()
    await assert.rejects(connection.run(echo, ['key', 1], 100), /no answer within 100 ms/)
    redis.resume()
  })

  it('fails what is unanswered when the connection breaks, and sends nothing twice', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis] })
    const count: RedisScript = { name: 'countIt', numberOfKeys: 1, lua: `return redis.call('INCR', KEYS[1])` }
    assert.equal(await connection.run(count, ['key']), 1)
    redis.pause()
    const unanswered = assert.rejects(connection.run(count, ['key']), /lost|ECONN/)
    await redis.kill()
    await unanswered
    await redis.restart()
    await waitFor(() => connection.isUp())
    assert.equal(await connection.run(count, ['key']), 1)
  })

  it('hears messages again after the server was away', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis] })
    const messages: string[] = []
    const stop = connection.subscribe('channel', (message) => messages.push(message))
    const hears = (text: string): Promise<unknown> =>
      waitFor(() => redis.command('publish', 'channel', text).trim() === '1').then(() =>
        waitFor(() => messages.includes(text)),
      )
    await hears('before')
    await redis.kill()
    await redis.restart()
    await hears('after')
    stop()
    await waitFor(() => redis.command('publish', 'channel', 'nobody').trim() === '0')
  })

  it('answers who was too busy to hear in time', async () => {
    const redis = await start()
    const connection = await connections.open({ servers: [redis] })
    await connection.run(echo, ['key', 1])
    const asked = connection.run(echo, ['key', 2], 50)
    await new Promise((resolve) => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    assert.deepEqual(await asked, ['key', '2'])
  })

  it('gives its name and password, or says that they were refused', async () => {
    const redis = await start(['--requirepass', 'secret', '--user', ...'lading on >hidden ~* &* +@all'.split(' ')])
    for (const account of [{ password: 'secret' }, { username: 'lading', password: 'hidden' }]) {
      const connection = await connections.open({ servers: [redis], account })
      assert.deepEqual(await connection.run(echo, ['key', 1]), ['key', '1'])
    }
    for (const account of [{ password: 'wrong' }, { username: 'lading', password: 'secret' }, {}]) {
      const connection = await connections.open({ servers: [redis], account, connectTimeoutMs: 300 })
      assert.equal(connection.isUp(), false)
      assert.match(connection.trouble() ?? '', /WRONGPASS|NOAUTH/)
    }
  })

  it('speaks TLS with who shows a certificate of the authority, and shows its own', async function () {
    requireTool(this, 'openssl')
    const { authority, server, client, stranger } = makeCertificates()
    const files = ['--tls-cert-file', server.certificate, '--tls-key-file', server.key, '--tls-ca-cert-file', authority]
    const redis = await start(files, { tls: true })
    const ca = [fs.readFileSync(authority)]
    const connection = await connections.open({ servers: [redis], tls: { ca, ...readPair(client) } })
    assert.deepEqual(await connection.run(echo, ['key', 1]), ['key', '1'])

    const untrusting = { servers: [redis], tls: readPair(client), connectTimeoutMs: 300 }
    assert.match((await connections.open(untrusting)).trouble() ?? '', /certificate/)
    const untrusted = { servers: [redis], tls: { ca, ...readPair(stranger) }, connectTimeoutMs: 300 }
    assert.equal((await connections.open(untrusted)).isUp(), false)
    const plain = await connections.open({ servers: [redis], connectTimeoutMs: 300 })
    assert.equal(plain.isUp(), false)
  })

  it('goes on trying with a key that cannot be read', async () => {
    const redis = await start()
    const tls = { cert: Buffer.from('no certificate'), key: Buffer.from('no key') }
    const connection = await connections.open({ servers: [redis], tls, connectTimeoutMs: 300 })
    assert.equal(connection.isUp(), false)
    assert.match(connection.trouble() ?? '', /PEM|no start line/)
  })

  it('keeps no process alive that has closed it', async () => {
    const redis = await start()
    const module = path.join(import.meta.dirname, 'redis-connection.ts')
    const script = `
      const { connectRedis } = await import(${JSON.stringify(module)})
      const connection = await connectRedis({ servers: [{ host: '127.0.0.1', port: ${redis.port} }] })
      connection.subscribe('channel', () => {})
      await connection.run(${JSON.stringify(echo)}, ['key', 1])
      connection.close()
      console.log('closed')`
    const args = ['--input-type=module', '--eval', script]
    assert.match(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000 }), /closed/)
  })

  it('costs nothing to who has no Redis: its library is not loaded', () => {
    const module = path.join(import.meta.dirname, 'redis-locker.ts')
    const script = `
      await import(${JSON.stringify(module)})
      await import(${JSON.stringify(path.join(import.meta.dirname, 'redis-connection.ts'))})
      const { default: { _cache: loaded } } = await import('node:module')
      console.log(Object.keys(loaded).filter((file) => file.includes('ioredis')).length)`
    const args = ['--input-type=module', '--eval', script]
    assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000 }).trim(), '0')
  })
})
