import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { finish, newRepository, offsetOf, patch, pushBlob, sha256, startUpload } from '../testing/push.ts'
import { connectRaw, requestText } from '../testing/raw-connection.ts'
import { sharedServer } from '../testing/shared-server.ts'
import type { TestServer } from '../testing/start-server.ts'
import { waitFor } from '../testing/wait-for.ts'
import { createHttpServer } from './http-server.ts'

/** http.idletimeout of the server, and a time in which many of it fit. */
const idleMs = 1000
const longMs = 3500
const stepMs = 350

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const repository = newRepository()
const bigBytes = 64 * 1024 * 1024

/** All stories run at the same time: each of them is mostly waiting. */
interface Stories {
  trickle: Promise<number>
  idleUpload: Promise<void>
  slowReader: Promise<number>
  idleReader: Promise<number>
  thinking: Promise<[number, number]>
  keptAlive: Promise<string>
  stalledHeader: Promise<void>
  silence: Promise<void>
}

describe('the time limits of a connection', function () {
  let server: TestServer
  let big: string
  let stories: Stories

  before(async () => {
    server = await sharedServer({
      storage: 'filesystem',
      workers: 1,
      environment: { REGISTRY_HTTP_IDLETIMEOUT: `${idleMs}ms` },
    })
    big = await pushBlob(server, repository, Buffer.alloc(bigBytes, 'x'))
    stories = {
      trickle: trickle(),
      idleUpload: idleUpload(),
      slowReader: slowReader(),
      idleReader: idleReader(),
      thinking: thinking(),
      keptAlive: keptAlive(),
      stalledHeader: cutAfter(requestText('GET', '/v2/').slice(0, -2)),
      silence: cutAfter(''),
    }
    for (const story of Object.values(stories) as Promise<unknown>[]) story.catch(() => {})
  })

  async function trickle(): Promise<number> {
    const bytes = randomBytes(Math.ceil(longMs / stepMs) * 10)
    const location = await startUpload(server, repository)
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': bytes.length } }))
    for (let sent = 0; sent < bytes.length; sent += 10) {
      await sleep(stepMs)
      await connection.send(bytes.subarray(sent, sent + 10))
    }
    await connection.expect(/^HTTP\/1\.1 202 /)
    return (await finish(server, location, sha256(bytes))).status
  }

  async function idleUpload(): Promise<void> {
    const location = await startUpload(server, repository)
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': 100 }, body: 'some' }))
    await connection.closed(idleMs * 3)
    // The connection is closed before the last bytes are stored.
    await waitFor(async () => (await offsetOf(server, location)) === 4)
    assert.equal((await patch(server, location, Buffer.from('thing'))).status, 202)
    assert.equal((await finish(server, location, sha256(Buffer.from('something')))).status, 201)
  }

  async function slowReader(): Promise<number> {
    const startedAt = performance.now()
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(`${server.url}/v2/${repository}/blobs/${big}`, { agent: false }, resolve).once('error', reject)
    })
    let bytes = 0
    let rest = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      rest += chunk.length
      if (rest < bigBytes / (longMs / stepMs)) continue
      rest = 0
      await sleep(stepMs)
    }
    assert.ok(performance.now() - startedAt > idleMs * 2, 'the reader was not slow')
    return bytes
  }

  async function idleReader(): Promise<number> {
    const connection = await connectRaw(server)
    connection.socket.pause()
    await connection.send(requestText('GET', `/v2/${repository}/blobs/${big}`))
    await sleep(longMs)
    connection.socket.resume()
    await connection.closed()
    return connection.received().length
  }

  /** One upload holds a lock that others wait for: with a small body, and with one that the server does not begin to read. */
  async function thinking(): Promise<[number, number]> {
    const location = await startUpload(server, repository)
    const holder = await connectRaw(server)
    await holder.send(requestText('PATCH', location, { headers: { 'Content-Length': 1000 } }))
    const held = setInterval(() => void holder.send('x'), stepMs)
    await sleep(stepMs)
    try {
      const others = [Buffer.alloc(10), Buffer.alloc(20_000_000)].map((body) => patch(server, location, body))
      const answers = await Promise.all(others)
      return answers.map(({ status }) => status) as [number, number]
    } finally {
      clearInterval(held)
      holder.cut()
    }
  }

  async function keptAlive(): Promise<string> {
    const connection = await connectRaw(server)
    await connection.send(requestText('GET', '/v2/'))
    const first = await connection.expect(/\{\}$/)
    await sleep(longMs)
    await connection.send(requestText('GET', '/v2/'))
    await connection.expect(/\{\}HTTP\/1\.1 200 [^]*\{\}$/)
    connection.cut()
    return first
  }

  async function cutAfter(text: string): Promise<void> {
    const connection = await connectRaw(server)
    if (text !== '') await connection.send(text)
    await connection.closed(idleMs * 3)
  }

  it('do not cut an upload that takes several times http.idletimeout, as long as bytes move', async () => {
    assert.equal(await stories.trickle, 201)
  })

  it('cut an upload in which no byte moves; what arrived is kept, and another connection goes on', async () => {
    await stories.idleUpload
    assert.match(server.output(), /msg="idle request was cut"/)
  })

  it('do not cut the download of a slow reader', async () => {
    assert.equal(await stories.slowReader, bigBytes)
  })

  it('cut the download of a reader that stands still', async () => {
    assert.ok((await stories.idleReader) < bigBytes)
  })

  it('do not count while it is our turn to answer, also before we began to read the body', async () => {
    assert.deepEqual(await stories.thinking, [409, 409])
  })

  it('keep an idle connection open for more than 65 s, and say so', async () => {
    assert.ok(Number(/^Keep-Alive: timeout=(\d+)\r$/m.exec(await stories.keptAlive)?.[1]) > 65)
  })

  it('cut a request whose headers stand still, and a connection that says nothing', async () => {
    await Promise.all([stories.stalledHeader, stories.silence])
  })

  it('leave a whole request all the time it needs (no requestTimeout), and headers a minute', () => {
    const made: http.Server[] = []
    const createServer = http.createServer
    try {
      http.createServer = ((...args: Parameters<typeof createServer>) => {
        const one = createServer(...args)
        made.push(one)
        return one
      }) as typeof createServer
      const limits = { idleTimeoutMs: 60_000, keepAliveTimeoutMs: 75_000, maxHeaderBytes: 65_536, tls: undefined }
      createHttpServer(() => {}, limits, silent)
    } finally {
      http.createServer = createServer
    }
    const [{ requestTimeout, headersTimeout, keepAliveTimeout, timeout }] = made as [http.Server]
    assert.deepEqual(
      { requestTimeout, headersTimeout, keepAliveTimeout, timeout },
      { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000, timeout: 60_000 },
    )
  })
})
