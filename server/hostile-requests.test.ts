import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { errorOf, exchange } from '../testing/exchange.ts'
import {
  emptyIndex,
  finish,
  newRepository,
  offsetOf,
  pushBlob,
  putManifest,
  resumeUpload,
  sha256,
  startUpload,
} from '../testing/push.ts'
import { connectRaw, requestText } from '../testing/raw-connection.ts'
import { sharedServer } from '../testing/shared-server.ts'
import type { TestServer } from '../testing/start-server.ts'
import { waitFor } from '../testing/wait-for.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'

describe('a request that is not as it should be', () => {
  let server: TestServer
  let pid: number | undefined
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
    pid = server.process.pid
  })
  afterEach('the process is the same, and answers', async () => {
    assert.equal((await exchange(server, { path: '/v2/' })).status, 200)
    assert.deepEqual([server.process.pid, server.process.exitCode], [pid, null])
  })

  it('with headers beyond http.maxheaderbytes is 431, in the error format', async () => {
    const connection = await connectRaw(server)
    await connection.send(`GET /v2/ HTTP/1.1\r\nHost: x\r\n${`X-Flood: ${'x'.repeat(1000)}\r\n`.repeat(200)}\r\n`)
    const answer = await connection.expect(/\]\}\n$/)
    assert.match(answer, /^HTTP\/1\.1 431 [^]*^Connection: close\r$/m)
    assert.match(
      answer,
      /^Content-Type: application\/json\r$[^]*"message":"the headers are larger than http\.maxheaderbytes"/m,
    )
    await connection.closed()
  })

  it('with headers just below the limit is answered', async () => {
    const answer = await exchange(server, { path: '/v2/', headers: { 'X-Long': 'x'.repeat(60_000) } })
    assert.equal(answer.status, 200)
  })

  it('with an address beyond the limit is 431, not the end of the process', async () => {
    const connection = await connectRaw(server)
    await connection.send(`GET /v2/${'a'.repeat(200_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    assert.match(await connection.expect(/\]\}\n$/), /^HTTP\/1\.1 431 /)
  })

  it('with a flood of headers in fifty connections at once keeps nobody else waiting', async () => {
    const flood = `GET /v2/ HTTP/1.1\r\nHost: x\r\n${`X-Flood: ${'x'.repeat(1000)}\r\n`.repeat(200)}\r\n`
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const connection = await connectRaw(server)
        await connection.send(flood)
        return connection.expect(/\]\}\n$/)
      }),
    )
    assert.ok(answers.every((answer) => answer.startsWith('HTTP/1.1 431 ')))
  })

  it('with ten thousand tags is refused, and pushes none of them', async () => {
    const repository = newRepository()
    const digest = sha256(Buffer.from(emptyIndex))
    const query = (count: number): string => Array.from({ length: count }, (_, i) => `tag=t${i}`).join('&')
    const push = (count: number) =>
      exchange(server, {
        method: 'PUT',
        path: `/v2/${repository}/manifests/${digest}?${query(count)}`,
        headers: { 'Content-Type': indexType },
        body: emptyIndex,
      })

    // So many do not even fit into the limit of a request's head.
    assert.equal((await push(10_000)).status, 431)
    const refused = await push(5000)
    assert.deepEqual([refused.status, errorOf(refused).code], [414, 'TAG_INVALID'])
    assert.match(errorOf(refused).message, /at most 100 tags/)
    assert.equal((await exchange(server, { path: `/v2/${repository}/tags/list` })).status, 404)
    assert.equal((await push(100)).status, 201)
  })

  for (const [what, bytes] of [
    ['text', 'hello registry\r\n\r\n'],
    ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex')],
    ['random bytes', Buffer.concat([randomBytes(4096), Buffer.from('\r\n\r\n')])],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method that nobody knows', 'BREW /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a request without a host', 'GET /v2/ HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc'],
    [
      'a length and chunks',
      'POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
  ] as const) {
    it(`but ${what} is answered with 400, and the connection closed`, async () => {
      const connection = await connectRaw(server)
      await connection.send(bytes)
      await connection.closed()
      assert.match(connection.received(), /^HTTP\/1\.1 400 /)
    })
  }

  it('in the middle of a download never gets an answer between the bytes of the blob', async () => {
    const repository = newRepository()
    const blob = Buffer.alloc(40_000_000, 'x')
    const digest = await pushBlob(server, repository, blob)
    const connection = await connectRaw(server)
    connection.socket.pause()
    await connection.send(requestText('GET', `/v2/${repository}/blobs/${digest}`))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await connection.send('this is no request\r\n\r\n')
    connection.socket.resume()
    await connection.closed()

    const received = connection.received()
    const content = received.slice(received.indexOf('\r\n\r\n') + 4)
    assert.ok(content.length > 0 && content.length < blob.length)
    assert.equal(/[^x]/.exec(content)?.index, undefined)
  })

  it('because its chunks are broken is 400, keeps what came before, and leaves the upload to the next one', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    const headers = { 'Transfer-Encoding': 'chunked' }
    await connection.send(requestText('PATCH', location, { headers, body: '5\r\nhello\r\nnot a length\r\n' }))
    await connection.closed()
    assert.match(connection.received(), /^HTTP\/1\.1 400 /)

    const bytes = Buffer.from('hello world')
    assert.equal(await resumeUpload(server, location, bytes), 'hello'.length)
    assert.equal((await finish(server, location, sha256(bytes))).status, 201)
  })

  it('but several at once are answered one after the other, in their order', async () => {
    const repository = newRepository()
    const blob = randomBytes(300_000)
    const digest = await pushBlob(server, repository, blob)
    await putManifest(server, repository, 'latest')
    const connection = await connectRaw(server)
    await connection.send(
      requestText('GET', `/v2/${repository}/blobs/${digest}`) +
        requestText('GET', `/v2/${repository}/tags/list`) +
        requestText('GET', '/nowhere') +
        requestText('HEAD', `/v2/${repository}/blobs/${digest}`) +
        requestText('GET', '/v2/', { headers: { Connection: 'close' } }),
    )
    await connection.closed()

    const received = connection.received()
    assert.ok(received.includes(blob.toString('latin1')))
    const withoutBlob = received.replace(blob.toString('latin1'), '')
    assert.deepEqual(
      [...withoutBlob.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
      [200, 200, 404, 200, 200],
    )
  })

  it('HEAD is answered without a body, also with an error', async () => {
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.alloc(100_000))
    const paths = [
      `/v2/${repository}/blobs/${digest}`,
      `/v2/${repository}/manifests/none`,
      '/nowhere',
      '/v2/',
      '/readyz',
    ]
    for (const path of paths) {
      const connection = await connectRaw(server)
      await connection.send(requestText('HEAD', path, { headers: { Connection: 'close' } }))
      await connection.closed()
      assert.match(connection.received(), /^HTTP\/1\.1 \d{3} [^]+\r\n\r\n$/, path)
      assert.equal(connection.received().split('\r\n\r\n')[1], '', path)
    }
  })
})

describe('a Content-Length that lies', () => {
  let server: TestServer
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
  })

  it('and is too short: exactly so many bytes are taken, the others are no part of the upload', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': 5 }, body: 'hello world' }))
    await connection.closed()
    assert.match(connection.received(), /HTTP\/1\.1 400 /)
    // The connection is closed before the last bytes are stored.
    await waitFor(async () => (await offsetOf(server, location)) === 5)
    assert.equal((await finish(server, location, sha256(Buffer.from('hello')))).status, 201)
  })

  it('and is too short, before another request: both are answered', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    const next = requestText('GET', '/v2/', { headers: { Connection: 'close' } })
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': 5 }, body: `hello${next}` }))
    await connection.closed()
    assert.match(connection.received(), /^HTTP\/1\.1 202 [^]*HTTP\/1\.1 200 [^]*\{\}$/)
  })

  it('and is too long: what came before the client left is kept, and the offset is honest', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': 500 }, body: 'hello' }))
    connection.socket.end()
    await connection.closed()
    assert.doesNotMatch(connection.received(), /^HTTP\/1\.1 2/)

    await waitFor(async () => (await offsetOf(server, location)) === 5)
    assert.equal((await finish(server, location, sha256(Buffer.from('hello')))).status, 201)
  })

  it('of a manifest and is too long: nothing is stored', async () => {
    const repository = newRepository()
    const connection = await connectRaw(server)
    const headers = { 'Content-Type': indexType, 'Content-Length': emptyIndex.length + 10 }
    await connection.send(requestText('PUT', `/v2/${repository}/manifests/latest`, { headers, body: emptyIndex }))
    connection.socket.end()
    await connection.closed()
    assert.equal((await exchange(server, { path: `/v2/${repository}/manifests/latest` })).status, 404)
  })
})
