// The options of the fake, and what it shows to tests.
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { outcome, sdkClient, sdkOutcome } from './contract/session.ts'
import { signedRequest, type PlainRequest } from './signed-request.ts'
import { startFakeS3, type FakeS3, type FakeS3Options } from './start-fake-s3.ts'

describe('the fake S3', () => {
  let fake: FakeS3
  afterEach(() => fake.close())

  async function start(options?: FakeS3Options): Promise<void> {
    fake = await startFakeS3(options)
    fake.createBucket('bucket')
  }
  const send = (key: string, request: Partial<PlainRequest> = {}) =>
    signedRequest(fake, { path: `/bucket/${key}`, ...request })
  const put = async (key: string, body: string, headers: Record<string, string> = {}): Promise<string> =>
    outcome(await send(key, { method: 'PUT', body, headers }))
  const list = () => signedRequest(fake, { path: '/bucket', query: { 'list-type': '2' } })

  it('ignores conditions on writing and deleting, as some servers do', async () => {
    await start({ conditional: false })
    assert.equal(await put('key', 'one', { 'if-match': '"abc"' }), '200')
    assert.equal(await put('key', 'two', { 'if-none-match': '*' }), '200')
    assert.equal(outcome(await send('key', { headers: { 'if-match': '"abc"' } })), '412 PreconditionFailed')
    assert.equal(outcome(await send('key', { method: 'DELETE', headers: { 'if-match': '"abc"' } })), '204')
    assert.deepEqual(fake.keys('bucket'), [])
  })

  it('lists in small pages', async () => {
    await start({ pageSize: 2 })
    for (const key of ['a', 'b', 'c']) await put(key, key)
    const sdk = sdkClient(fake)
    const { Contents, IsTruncated } = await sdk.send(new ListObjectsV2Command({ Bucket: 'bucket', MaxKeys: 1000 }))
    sdk.destroy()
    assert.deepEqual([Contents?.length, IsTruncated], [2, true])
  })

  describe('of parts and requests', () => {
    const target = { Bucket: 'bucket', Key: 'key' }
    let sdk: S3Client
    const startWith = async (options: FakeS3Options): Promise<void> => {
      await start(options)
      sdk = sdkClient(fake)
    }
    afterEach(() => sdk.destroy())

    async function multipart(bodies: readonly string[]): Promise<string> {
      const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(target))
      const Parts = []
      for (const [index, Body] of bodies.entries()) {
        const part = { ...target, UploadId, PartNumber: index + 1 }
        const { ETag } = await sdk.send(new UploadPartCommand({ ...part, Body }))
        Parts.push({ ETag, PartNumber: index + 1 })
      }
      const MultipartUpload = { Parts }
      return sdkOutcome(sdk.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload })))
    }

    it('takes small parts', async () => {
      await startWith({ minPartBytes: 2 })
      assert.equal(await multipart(['a', 'b']), '400 EntityTooSmall')
      assert.equal(await multipart(['ab', 'c']), '200')
      assert.equal(fake.object('bucket', 'key')?.bytes.toString(), 'abc')
    })

    it('puts and copies no more than so much at once, and more in parts', async () => {
      await startWith({ maxRequestBytes: 4, minPartBytes: 1 })
      assert.equal(await put('key', 'hello'), '400 EntityTooLarge')
      assert.equal(await put('key', 'four'), '200')
      assert.equal(await multipart(['abc', 'def']), '200')

      const copy = (to: string, query = {}, headers = {}): Promise<string> =>
        send(to, { method: 'PUT', query, headers: { 'x-amz-copy-source': '/bucket/key', ...headers } }).then(outcome)
      assert.equal(await copy('to'), '400 InvalidRequest')
      const { UploadId = '' } = await sdk.send(new CreateMultipartUploadCommand({ ...target, Key: 'to' }))
      const part = { uploadId: UploadId, partNumber: '1' }
      assert.equal(await copy('to', part), '400 InvalidRequest')
      assert.equal(await copy('to', part, { 'x-amz-copy-source-range': 'bytes=1-4' }), '200')
      assert.deepEqual(fake.keys('bucket'), ['key'])
    })
  })

  it('tells the time by the clock that it is given, in whole seconds', async () => {
    await start({ now: () => Date.parse('2020-02-03T04:05:06.789Z') })
    await put('key', 'hello')
    assert.equal((await send('key')).headers['last-modified'], 'Mon, 03 Feb 2020 04:05:06 GMT')
    assert.match((await list()).body.toString(), /<LastModified>2020-02-03T04:05:06.000Z</)
  })

  it('has the region and the keys that it is given', async () => {
    await start({ region: 'eu-central-1', accessKey: 'me', secretKey: 'mine' })
    assert.deepEqual([fake.region, fake.accessKey, fake.secretKey], ['eu-central-1', 'me', 'mine'])
    assert.equal(await put('key', 'hello'), '200')
  })

  it('remembers every request, in order, until it is told to forget', async () => {
    await start()
    await put('a/b', 'hello')
    await send('missing')
    await list()
    assert.deepEqual(fake.requests, [
      { operation: 'PutObject', bucket: 'bucket', key: 'a/b' },
      { operation: 'GetObject', bucket: 'bucket', key: 'missing' },
      { operation: 'ListObjectsV2', bucket: 'bucket', key: '' },
    ])
    fake.forget()
    assert.deepEqual(fake.requests, [])
  })

  it('stores what tests put without a request', async () => {
    await start()
    fake.put('bucket', 'key', 'hello')
    assert.deepEqual(fake.requests, [])
    assert.equal((await send('key')).body.toString(), 'hello')
    assert.match((await list()).body.toString(), /<Key>key</)
  })
})
