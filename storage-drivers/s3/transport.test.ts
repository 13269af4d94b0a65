import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { waitFor } from '../../testing/wait-for.ts'
import { bytesOf, hashOf, inChunks } from '../contract/streams-in-tests.ts'
import type { Batches, StorageDriver } from '../driver.ts'
import { shortTimes, startFakeStore, type FakeStore } from './fixtures/fake-store.ts'
import { startProxy, type Proxy } from './fixtures/proxy.ts'
import { createTransport, type Transport } from './transport.ts'

const mebibyte = 1024 * 1024
const hour = 3_600_000

describe('the connections to S3', () => {
  let store: FakeStore
  let proxy: Proxy
  let driver: StorageDriver

  beforeEach(async () => {
    store = await startFakeStore()
    proxy = await startProxy(store.server.endpoint)
    driver = await store.open({ endpoint: proxy.endpoint, partBytes: 5 * mebibyte }, { times: shortTimes })
  })
  afterEach(async () => {
    await proxy.close()
    await store.close()
  })

  it('are kept: hundreds of requests one after the other need no new one', async () => {
    const opened = proxy.opened()
    for (let nth = 0; nth < 300; nth++) await driver.stat('key')
    assert.ok(proxy.opened() - opened <= 1)
  })

  it('on which a large body was refused before it was sent are given up, also where S3 would keep them', async () => {
    let open = 0
    const server = net.createServer((socket) => {
      open++
      socket.on('close', () => open--).on('error', () => {})
      socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const transport = transportTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    for (let nth = 0; nth < 10; nth++) {
      const body = Buffer.alloc(2 * mebibyte)
      await assert.rejects(transport.send({ method: 'PUT', key: 'key', body }), { status: 400 })
    }
    await waitFor(() => open === 0)
    transport.close()
    server.close()
  })

  it('that S3 closed are no failure, whatever was asked on them', async () => {
    const known = { length: 2 * mebibyte, sha256: hashOf(Buffer.alloc(2 * mebibyte)) }
    const calls: (() => Promise<unknown>)[] = [
      () => driver.stat('key'),
      () => driver.write('key', Buffer.from('x')),
      () => bytesOf(driver, 'key'),
      () => driver.writeStream('key', inChunks(Buffer.alloc(2 * mebibyte)), known),
      () => driver.writeStream('key', inChunks(randomBytes(6 * mebibyte))),
    ]
    for (const call of calls) {
      proxy.cut()
      await call()
    }
  })

  /** A body that stops coming, and fails when it is told to. */
  function stuck(firstBytes: number) {
    const begun = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<never>()
    async function* chunks(): Batches {
      yield* inChunks(randomBytes(firstBytes))
      begun.resolve()
      await gone.promise
    }
    return { chunks: chunks(), begun: begun.promise, leave: () => gone.reject(new Error('the client has gone')) }
  }

  for (const [what, known] of [
    ['of known length and digest', { length: 30 * mebibyte, sha256: 'a'.repeat(64) }],
    ['of which nothing is known', {}],
  ] as const) {
    it(`a client that goes away in the middle of a body ${what} leaves nothing: no connection, no upload, no object`, async () => {
      await driver.stat('key')
      const before = proxy.open()
      for (let round = 0; round < 3; round++) {
        const body = stuck(12 * mebibyte)
        const writing = driver.writeStream('key', body.chunks, known)
        await body.begun
        body.leave()
        await assert.rejects(writing, /the client has gone/)
      }
      await waitFor(() => proxy.open() <= before + 3)
      assert.deepEqual(store.server.openUploads(store.bucket), [])
      assert.deepEqual(store.server.keys(store.bucket), [])
    })
  }

  it('a client that goes away in the middle of a PATCH leaves what it sent, and no request under way', async () => {
    const staged = driver.stage({ begun: 'u/begun', data: 'u/data', note: 'u/note' })
    await staged.begin('2026-11-21T09:28:48Z', '')
    const body = stuck(12 * mebibyte)
    const appending = staged.append(body.chunks, { note: () => '' })
    await body.begun
    body.leave()
    await assert.rejects(appending, /the client has gone/)
    await staged.save('')
    assert.equal((await driver.stage({ begun: 'u/begun', data: 'u/data', note: 'u/note' }).find())?.size, 12 * mebibyte)
    await staged.discard()
    assert.deepEqual([store.server.openUploads(store.bucket), store.server.keys(store.bucket)], [[], []])
  })
})

describe('the clock of S3', () => {
  for (const hours of [-30, -1, 1, 30]) {
    it(`is followed when ours is ${Math.abs(hours)} hours ${hours < 0 ? 'ahead' : 'behind'}: by each kind of request, and in addresses`, async () => {
      const server = await startSkewed(hours * hour)
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'] as const) {
        const before = server.requests()
        const transport = transportTo(server.origin)
        await transport.send({ method, key: 'key' })
        assert.equal(server.requests() - before, 2)
        await transport.send({ method, key: 'key' })
        assert.equal(server.requests() - before, 3, 'it had to be told again')
        const signedAt = new URL(await transport.address('GET', 'key', {}, 60)).searchParams.get('X-Amz-Date') as string
        assert.ok(Math.abs(timeIn(signedAt) - server.now()) < 60_000)
        transport.close()
      }
      const transport = transportTo(server.origin)
      const bytes = randomBytes(2 * mebibyte)
      await transport.stream({ method: 'PUT', key: 'key', payloadHash: hashOf(bytes) }, inChunks(bytes), bytes.length)
      assert.equal(server.lastBody(), hashOf(bytes))
      transport.close()
      server.close()
    })
  }

  it('that is right leaves a refusal what it is', async () => {
    const server = await startSkewed(0, 403)
    const transport = transportTo(server.origin)
    for (const method of ['GET', 'HEAD'] as const)
      await assert.rejects(transport.send({ method, key: 'key' }), { status: 403, code: 'AccessDenied' })
    assert.ok(server.requests() <= 3)
    transport.close()
    server.close()
  })
})

function transportTo(origin: string): Transport {
  return createTransport({
    endpoint: {
      origin: new URL(origin),
      pathPrefix: '/bucket',
      region: 'us-east-1',
      service: 's3',
      credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
    },
    userAgent: undefined,
    skipVerify: false,
    redirectEndpoint: undefined,
  })
}

/** Refuses, as S3 does, what was signed more than a quarter of an hour away from its own time; or everything. */
async function startSkewed(offsetMs: number, refusal?: number) {
  let requests = 0
  let lastBody = ''
  const now = (): number => Date.now() + offsetMs
  const answer = (request: http.IncomingMessage, response: http.ServerResponse, goOn?: () => void): void => {
    requests++
    const isSkewed = Math.abs(timeIn(String(request.headers['x-amz-date'])) - now()) > hour / 4
    response.setHeader('date', new Date(now()).toUTCString())
    if (isSkewed || refusal !== undefined) {
      response.statusCode = 403
      const code = isSkewed ? 'RequestTimeTooSkewed' : 'AccessDenied'
      return void response.end(`<Error><Code>${code}</Code><Message>no</Message></Error>`)
    }
    goOn?.()
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => {
      lastBody = hash.digest('hex')
      response.end()
    })
  }
  const server = http.createServer(answer)
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) =>
    answer(request, response, () => response.writeContinue()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now,
    requests: () => requests,
    lastBody: () => lastBody,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function timeIn(text: string): number {
  return Date.parse(text.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'))
}
