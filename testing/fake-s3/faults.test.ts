// The faults that tests plan: each does what it says, to the request that it is planned for.
import { CompleteMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { waitFor } from '../wait-for.ts'
import { beginPut, headOf } from './contract/begin-put.ts'
import { outcome, sdkClient } from './contract/session.ts'
import { signed, signedRequest } from './signed-request.ts'
import { startFakeS3, type Fault, type FaultCondition, type FakeS3 } from './start-fake-s3.ts'

describe('a fault of the fake S3', () => {
  let fake: FakeS3
  beforeEach(async () => {
    fake = await startFakeS3()
    fake.createBucket('bucket')
  })
  afterEach(() => fake.close())

  const put = (key: string, body: string | Uint8Array = 'hello'): Promise<string> =>
    signedRequest(fake, { method: 'PUT', path: `/bucket/${key}`, body }).then(outcome)
  const get = (key: string): Promise<string> => signedRequest(fake, { path: `/bucket/${key}` }).then(outcome)
  const stored = (key: string): string | undefined => fake.object('bucket', key)?.bytes.toString()

  const begin = (key: string, bytes: Uint8Array) => beginPut(fake, `/bucket/${key}`, bytes)

  /** A GET with what arrived of its body, and whether that was all. */
  async function getSlowly(
    key: string,
    query: Record<string, string> = {},
  ): Promise<{ chunks: number; body: string; length: unknown; isWhole: boolean }> {
    const { path, headers } = signed(fake, { path: `/bucket/${key}`, query })
    const request = http.get(fake.endpoint + path, { agent: false, headers })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', () => {
      // Cut.
    })
    await new Promise((resolve) => response.once('close', resolve))
    const { complete, headers: told } = response
    const length = told['content-length']
    return { chunks: chunks.length, body: Buffer.concat(chunks).toString(), length, isWhole: complete }
  }

  function promise(): { promise: Promise<void>; resolve: () => void } {
    return Promise.withResolvers<void>()
  }

  describe('answers', () => {
    it('with an error instead of doing anything, once', async () => {
      fake.fault({}, { kind: 'answer', status: 503, code: 'SlowDown', retryAfter: 7 })
      const answer = await signedRequest(fake, { method: 'PUT', path: '/bucket/key', body: 'hello' })
      assert.deepEqual([outcome(answer), answer.headers['retry-after']], ['503 SlowDown', '7'])
      assert.equal(stored('key'), undefined)
      assert.equal(await put('key'), '200')
    })

    it('after it has read the body away, so that the connection is of further use', async () => {
      fake.fault({}, { kind: 'answer', status: 500, code: 'InternalError' })
      const bytes = Buffer.alloc(1_000_000, 'a')
      const connection = await begin('key', bytes)
      await connection.send(bytes)
      await connection.expect(/^HTTP\/1.1 500 .*<Code>InternalError<.*\r\n0\r\n\r\n/s)
      await connection.send(headOf(fake, { method: 'HEAD', path: '/bucket' }))
      await connection.expect(/\r\n0\r\n\r\nHTTP\/1.1 200 /)
      connection.cut()
    })

    it('without a document to HEAD', async () => {
      fake.fault({}, { kind: 'answer', status: 503, code: 'SlowDown' })
      const { status, body } = await signedRequest(fake, { method: 'HEAD', path: '/bucket/key' })
      assert.deepEqual([status, body.length], [503, 0])
    })

    it('early, without reading the body, and closes', async () => {
      fake.fault({}, { kind: 'answer-early', status: 503, code: 'SlowDown' })
      const connection = await begin('key', Buffer.alloc(1_000_000))
      await connection.send(Buffer.alloc(1000))
      await connection.expect(/^HTTP\/1.1 503 .*<Code>SlowDown</s)
      await connection.closed()
      assert.equal(stored('key'), undefined)
    })

    it('200 with an error for a body, and has done nothing', async () => {
      const sdk = sdkClient(fake)
      const target = { Bucket: 'bucket', Key: 'key' }
      const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(target))
      const { ETag } = await sdk.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'a' }))
      const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
      const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload })
      fake.fault({ operation: ['CompleteMultipartUpload', 'CopyObject'] }, { kind: 'error-in-200' })
      await assert.rejects(sdk.send(complete), { name: 'InternalError' })
      assert.equal(stored('key'), undefined)
      await sdk.send(complete)
      sdk.destroy()
      assert.equal(stored('key'), 'a')

      fake.fault({ operation: 'CopyObject' }, { kind: 'error-in-200' })
      const copy = { method: 'PUT', path: '/bucket/to', headers: { 'x-amz-copy-source': '/bucket/key' } }
      assert.equal(outcome(await signedRequest(fake, copy)), '200 InternalError')
      assert.equal(stored('to'), undefined)
    })
  })

  describe('cuts', () => {
    it('the connection instead of an answer, when all is done', async () => {
      fake.fault({ operation: 'PutObject' }, { kind: 'lost-answer' })
      await assert.rejects(put('key'), { code: 'ECONNRESET' })
      assert.equal(stored('key'), 'hello')
    })

    it('a request in its body, and nothing is done', async () => {
      fake.fault({ operation: 'PutObject' }, { kind: 'cut-request', afterBytes: 1000 })
      const bytes = Buffer.alloc(1_000_000)
      const connection = await begin('key', bytes)
      await connection.send(bytes.subarray(0, 999))
      assert.equal(connection.isClosed(), false)
      await connection.send(bytes.subarray(0, 1))
      await connection.closed()
      assert.equal(connection.received(), '')
      assert.equal(stored('key'), undefined)
    })

    it('a request whose body is shorter, or that has none', async () => {
      fake.fault({ times: 2 }, { kind: 'cut-request', afterBytes: 1000 })
      await assert.rejects(put('key'), { code: 'ECONNRESET' })
      await assert.rejects(get('key'), { code: 'ECONNRESET' })
      assert.equal(stored('key'), undefined)
    })

    for (const afterBytes of [0, 3])
      it(`an answer after ${afterBytes} bytes, under the head of the whole`, async () => {
        await put('key')
        fake.fault({ operation: 'GetObject' }, { kind: 'cut-answer', afterBytes })
        const { body, length, isWhole } = await getSlowly('key')
        assert.deepEqual([body, length, isWhole], ['hello'.slice(0, afterBytes), '5', false])
      })

    it('a list, too', async () => {
      const whole = (await signedRequest(fake, { path: '/bucket/', query: { 'list-type': '2' } })).body.toString()
      fake.fault({ operation: 'ListObjectsV2' }, { kind: 'cut-answer', afterBytes: 10 })
      const { body, length, isWhole } = await getSlowly('', { 'list-type': '2' })
      assert.deepEqual([body, length, isWhole], [whole.slice(0, 10), String(whole.length), false])
    })
  })

  describe('delays', () => {
    it('a body that trickles', async () => {
      await put('key', 'a'.repeat(200))
      fake.fault({ operation: 'GetObject' }, { kind: 'slow-answer', bytesPerSecond: 1000 })
      const begun = performance.now()
      const { body, length, chunks, isWhole } = await getSlowly('key')
      assert.deepEqual([body.length, length, isWhole], [200, '200', true])
      assert.ok(chunks > 1)
      assert.ok(performance.now() - begun > 140)
    })

    it('everything until it is told to go on', async () => {
      const { promise: until, resolve } = promise()
      fake.fault({ operation: 'PutObject' }, { kind: 'stall', until })
      const answer = put('key')
      await waitFor(() => fake.requests.length === 1)
      // Others are not held up.
      assert.equal(await put('another'), '200')
      assert.equal(stored('key'), undefined)
      resolve()
      assert.equal(await answer, '200')
      assert.equal(stored('key'), 'hello')
    })

    it('and reads nothing meanwhile: the client is held back', async () => {
      fake.fault({ operation: 'PutObject' }, { kind: 'stall', until: promise().promise })
      const bytes = Buffer.alloc(50_000_000)
      const connection = await begin('key', bytes)
      const sent = connection.send(bytes).then(() => 'all')
      await waitFor(() => fake.requests.length === 1)
      assert.equal(await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 200, 'some'))]), 'some')
      connection.cut()
      await sent
    })

    it('and does nothing for a client that has gone by then', async () => {
      const { promise: until, resolve } = promise()
      fake.fault({ operation: 'PutObject' }, { kind: 'stall', until })
      const connection = await begin('key', Buffer.from('hello'))
      await connection.send('hell')
      await waitFor(() => fake.requests.length === 1)
      connection.cut()
      resolve()
      assert.equal(await put('another'), '200')
      assert.equal(stored('key'), undefined)
    })

    it('what was received whole, and does it although the client has gone', async () => {
      const { promise: until, resolve } = promise()
      fake.fault({ operation: 'PutObject' }, { kind: 'stall', until, afterBody: true })
      const connection = await begin('key', Buffer.from('late'))
      await connection.send('late')
      await waitFor(() => fake.requests.length === 1)
      connection.cut()
      assert.equal(await put('key', 'early'), '200')
      resolve()
      await waitFor(() => stored('key') === 'late')
    })
  })

  describe('is for', () => {
    const broken = (status: number): Fault => ({ kind: 'answer', status, code: 'InternalError' })

    /** Which of six GETs of a, b, a, b… it hits. */
    async function hits(...conditions: FaultCondition[]): Promise<number[]> {
      for (const [index, when] of conditions.entries()) fake.fault(when, broken(500 + index))
      const hit: number[] = []
      for (const key of ['a', 'b', 'a', 'b', 'a', 'b']) {
        const status = Number((await get(key)).slice(0, 3))
        hit.push(status === 404 ? 0 : status)
      }
      return hit
    }

    it('the next request that it is about', async () => {
      assert.deepEqual(await hits({}), [500, 0, 0, 0, 0, 0])
    })

    it('an operation or several', async () => {
      assert.deepEqual(await hits({ operation: 'PutObject' }), [0, 0, 0, 0, 0, 0])
      assert.deepEqual(await hits({ operation: ['HeadObject', 'GetObject'] }), [500, 0, 0, 0, 0, 0])
    })

    it('certain keys', async () => {
      assert.deepEqual(await hits({ key: /^b$/ }), [0, 500, 0, 0, 0, 0])
    })

    it('the nth of them, and so many in a row', async () => {
      assert.deepEqual(await hits({ nth: 3 }), [0, 0, 500, 0, 0, 0])
      assert.deepEqual(await hits({ key: /b/, nth: 2, times: 2 }), [0, 0, 0, 500, 0, 500])
      assert.deepEqual(await hits({ times: Infinity }), [500, 500, 500, 500, 500, 500])
    })

    it('one request when several are planned: they take turns in the order of planning', async () => {
      assert.deepEqual(await hits({}, {}, { nth: 3 }), [500, 501, 502, 0, 0, 0])
      assert.deepEqual(await hits({ nth: 2 }, { times: 2 }), [501, 500, 501, 0, 0, 0])
    })
  })
})
