import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange } from '../../testing/exchange.ts'
import { furnishedServer } from '../../testing/furnished-server.ts'
import { newRepository, pushBlob, startUpload } from '../../testing/push.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { sharedServer } from '../../testing/shared-server.ts'
import type { TestServer } from '../../testing/start-server.ts'

/** Combined log format: https://httpd.apache.org/docs/current/logs.html#combined */
const combined =
  /^(\S+) - - \[(\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/

describe('the log of requests', () => {
  let server: TestServer
  before(async () => {
    server = await furnishedServer()
  })

  /** Lines are gathered for at most a second before they are written. */
  async function accessLine(part: string): Promise<RegExpExecArray> {
    const line = await eventually(() =>
      server
        .stdout()
        .split('\n')
        .find((candidate) => candidate.includes(part)),
    )
    const match = combined.exec(line)
    assert.ok(match, `not in combined format: ${line}`)
    return match
  }

  async function logEntry(id: string): Promise<Record<string, unknown>> {
    const line = await eventually(() =>
      server
        .stderr()
        .split('\n')
        .find((candidate) => candidate.includes(id)),
    )
    return JSON.parse(line) as Record<string, unknown>
  }

  async function eventually(find: () => string | undefined): Promise<string> {
    for (let tries = 0; tries < 100; tries++) {
      const found = find()
      if (found !== undefined) return found
      await sleep(40)
    }
    throw new Error(`nothing was logged: ${server.output().slice(-2000)}`)
  }

  it('has a line in combined format on standard output for each request', async () => {
    const repository = newRepository()
    const path = `/v2/${repository}/tags/list?n=5`
    await exchange(server, { path, headers: { 'User-Agent': 'docker/29 "x"', Referer: 'http://ui.test/' } })

    const [, client, date, request, status, bytes, referrer, agent] = await accessLine(repository)
    const time = Date.parse((date as string).replace(/\//g, ' ').replace(':', ' '))
    assert.ok(Math.abs(Date.now() - time) < 10_000, `not now: ${date}`)
    assert.deepEqual(
      [client, request, status, referrer, agent],
      ['127.0.0.1', `GET ${path} HTTP/1.1`, '404', 'http://ui.test/', 'docker/29 \\"x\\"'],
    )
    assert.ok(Number(bytes) > 0)
  })

  it('has nothing but such lines on standard output, whatever clients send', async () => {
    const connection = await connectRaw(server)
    await connection.send(
      requestText('GET', '/nowhere"\\"', { headers: { 'User-Agent': 'a"\\\x7fb', Connection: 'close' } }),
    )
    await connection.closed()
    await accessLine('/nowhere')
    const lines = server.stdout().split('\n').slice(0, -1)
    assert.deepEqual(
      lines.filter((line) => !combined.test(line)),
      [],
    )
  })

  it('names the client that a trusted proxy names', async () => {
    const repository = newRepository()
    await exchange(server, { path: `/v2/${repository}/tags/list`, headers: { 'X-Forwarded-For': '203.0.113.9' } })
    assert.equal((await accessLine(repository))[1], '203.0.113.9')
  })

  it('has an entry with the fields of CNCF distribution and the operator’s own on standard error', async () => {
    const id = `test-${newRepository()}`
    const answer = await exchange(server, { path: '/v2/', headers: { 'X-Request-Id': id, 'User-Agent': 'crane' } })

    const entry = await logEntry(id)
    assert.equal(entry['msg'], 'response completed')
    assert.equal(entry['level'], 'info')
    assert.equal(entry['http.request.method'], 'GET')
    assert.equal(entry['http.request.uri'], '/v2/')
    assert.equal(entry['http.request.useragent'], 'crane')
    assert.equal(entry['http.request.remoteaddr'], '127.0.0.1')
    assert.equal(entry['http.response.status'], 200)
    assert.equal(entry['http.response.written'], answer.body.length)
    assert.match(String(entry['http.response.duration']), /^[\d.]+ms$/)
    assert.deepEqual([entry['service'], entry['environment']], ['registry', 'test'])
  })

  it('and the answer have an X-Request-Id: the client’s own where it is harmless, else a new one', async () => {
    const idFor = async (given?: string): Promise<string> => {
      const headers = given === undefined ? {} : { 'X-Request-Id': given }
      return (await exchange(server, { path: '/v2/', headers })).headers['x-request-id'] as string
    }
    const fresh = /^[0-9a-f]{8}-[0-9a-f-]{27}$/
    assert.equal(await idFor('0af7651916cd43dd8448eb211c80319c'), '0af7651916cd43dd8448eb211c80319c')
    assert.match(await idFor(), fresh)
    for (const harmful of ['a b', '"', 'x'.repeat(129), 'é', '{"a":1}', ''])
      assert.match(await idFor(harmful), fresh, harmful)
    assert.notEqual(await idFor(), await idFor())
  })

  it('has status 499 and the client’s address for a client that went away, which is no error of ours', async () => {
    const id = `gone-${newRepository()}`
    const repository = newRepository()
    const location = new URL(await startUpload(server, repository)).pathname
    const connection = await connectRaw(server)
    const headers = { 'Content-Length': 1_000_000, 'X-Request-Id': id }
    await connection.send(requestText('PATCH', location, { headers, body: 'some' }))
    await sleep(50)
    connection.cut()

    const entry = await logEntry(id)
    assert.deepEqual([entry['level'], entry['http.response.status']], ['info', 499])
    const [, client, , , status] = await accessLine(`PATCH ${location}`)
    assert.deepEqual([client, status], ['127.0.0.1', '499'])
  })

  it('has status 200, the bytes that were sent and no error for a client that went away in the middle of its download', async () => {
    const id = `gone-${newRepository()}`
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.alloc(30_000_000))
    const connection = await connectRaw(server)
    connection.socket.pause()
    const path = `/v2/${repository}/blobs/${digest}`
    await connection.send(requestText('GET', path, { headers: { 'X-Request-Id': id } }))
    await sleep(200)
    connection.cut()

    const entry = await logEntry(id)
    assert.equal(entry['level'], 'info')
    assert.ok([200, 499].includes(entry['http.response.status'] as number))
    const sent = entry['http.response.written'] as number
    assert.ok(sent > 0 && sent < 30_000_000, `${sent} bytes`)
    assert.equal(Number((await accessLine(`GET ${path}`))[5]), sent)
  })

  it('writes nothing on standard output when log.accesslog.disabled is true', async () => {
    const silent = await sharedServer({ storage: 'filesystem', workers: 1 })
    await exchange(silent, { path: '/v2/' })
    assert.equal(silent.stdout(), '')
  })
})
