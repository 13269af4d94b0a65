// What the fake does as S3 does, where versitygw differs.
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import http from 'node:http'
import { Readable } from 'node:stream'
import { exchange } from '../exchange.ts'
import { putAfterContinue } from './contract/put-after-continue.ts'
import { outcome, sdkClient, sdkOutcome } from './contract/session.ts'
import { presigned, signed, signedRequest, type PlainRequest } from './signed-request.ts'
import { startFakeS3, type FakeS3 } from './start-fake-s3.ts'

/** The SDK warns of streams that it cannot send again. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }

describe('the fake S3', () => {
  let fake: FakeS3
  beforeEach(async () => {
    fake = await startFakeS3()
    fake.createBucket('bucket')
  })
  afterEach(() => fake.close())

  const send = (key: string, request: Partial<PlainRequest> = {}) =>
    signedRequest(fake, { path: `/bucket/${key}`, ...request })
  const put = async (key: string, body: string, headers: Record<string, string> = {}): Promise<string> =>
    outcome(await send(key, { method: 'PUT', body, headers }))
  const list = (query: Record<string, string>) =>
    signedRequest(fake, { path: '/bucket', query: { 'list-type': '2', ...query } })

  describe('on a bucket', () => {
    it('keeps a key beside those below it', async () => {
      await put('a', 'one')
      await put('a/b', 'two')
      assert.deepEqual(fake.keys('bucket'), ['a', 'a/b'])
    })

    it('knows the bucket by the name of the host, too', async () => {
      await put('a/b', 'hello')
      const { port } = new URL(fake.endpoint)
      for (const host of [`bucket.127.0.0.1:${port}`, `bucket.localhost:${port}`]) {
        const request = signed(fake, { path: '/a/b', headers: { host } })
        assert.equal((await exchange({ url: fake.endpoint }, request)).body.toString(), 'hello')
      }
    })

    it('is found by an SDK that puts the bucket into the name of the host', async () => {
      const lookup: NonNullable<http.AgentOptions['lookup']> = (_, { all }, found) =>
        all === true ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)
      const httpAgent = new http.Agent({ lookup })
      const endpoint = fake.endpoint.replace('127.0.0.1', 'localhost')
      const sdk = sdkClient({ ...fake, endpoint }, { forcePathStyle: false, requestHandler: { httpAgent } })
      await sdk.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b', Body: 'hello' }))
      sdk.destroy()
      assert.equal(fake.object('bucket', 'a/b')?.bytes.toString(), 'hello')
    })

    it('encodes keys as a form does where it is asked to', async () => {
      await put('a b+c/é', 'hello')
      const text = (await list({ 'encoding-type': 'url', delimiter: '/' })).body.toString()
      assert.match(text, /<Prefix>a\+b%2Bc\/<\/Prefix>/)
      assert.match((await list({ 'encoding-type': 'url' })).body.toString(), /<Key>a\+b%2Bc\/%C3%A9<\/Key>/)
    })

    it('refuses a continuation token that it never gave', async () => {
      assert.equal(outcome(await list({ 'continuation-token': 'zzz' })), '400 InvalidArgument')
    })

    it('does not tell of what it deleted quietly, but of what it could not delete', async () => {
      await put('a', 'one')
      await put('b', 'two')
      const sdk = sdkClient(fake)
      const Objects = [{ Key: 'a' }, { Key: 'b', ETag: 'other' }, { Key: 'c', ETag: 'other' }]
      const command = new DeleteObjectsCommand({ Bucket: 'bucket', Delete: { Quiet: true, Objects } })
      const { Deleted, Errors } = await sdk.send(command)
      sdk.destroy()
      assert.equal(Deleted, undefined)
      assert.deepEqual(
        Errors?.map(({ Key, Code }) => `${Key} ${Code}`),
        ['b PreconditionFailed', 'c NoSuchKey'],
      )
      assert.deepEqual(fake.keys('bucket'), ['b'])
    })

    it('misses and repeats no unfinished upload in pages, also among those of one key', async () => {
      const sdk = sdkClient(fake)
      const begun: string[] = []
      for (const Key of ['a', 'b', 'b', 'b', 'c']) {
        const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ Bucket: 'bucket', Key }))
        begun.push(String(UploadId))
      }
      const listed: string[] = []
      for (let markers = {}, isMore = true; isMore;) {
        const page = await sdk.send(new ListMultipartUploadsCommand({ Bucket: 'bucket', MaxUploads: 2, ...markers }))
        listed.push(...(page.Uploads ?? []).map(({ UploadId }) => String(UploadId)))
        markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        isMore = page.IsTruncated === true
      }
      sdk.destroy()
      assert.deepEqual(listed, begun)
    })

    it('lists a page of 100,000 keys in milliseconds, also after each change', async () => {
      for (let index = 0; index < 100_000; index++) fake.put('bucket', `${(index * 7919) % 100_003}/${index}`, 'a')
      await list({})
      const begun = performance.now()
      for (let round = 0; round < 20; round++) {
        await put(`5/${round}/new`, 'a')
        const page = await list({ delimiter: '/', 'start-after': '5', 'max-keys': '10' })
        assert.equal(page.body.toString().match(/<CommonPrefixes>/g)?.length, 10)
      }
      assert.ok((performance.now() - begun) / 20 < 100)
    })
  })

  describe('on an object', () => {
    it('demands a length', async () => {
      const { method, path, headers } = signed(fake, { method: 'PUT', path: '/bucket/key', body: 'hello' })
      const answer = await exchange(
        { url: fake.endpoint },
        { method, path, headers, body: Readable.from([Buffer.from('hello')]) },
      )
      assert.equal(outcome(answer), '411 MissingContentLength')
    })

    it('refuses the chunked signatures of SDKs, as some servers do', async () => {
      const sdk = sdkClient(fake, { requestChecksumCalculation: 'WHEN_SUPPORTED', logger: silent })
      const Body = Readable.from([Buffer.from('hello')])
      const put = sdk.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body, ContentLength: 5 }))
      assert.equal(await sdkOutcome(put), '501 NotImplemented')
      sdk.destroy()
      assert.deepEqual(fake.keys('bucket'), [])
    })

    it('refuses before the body is sent, to who waits to be told to send it, and closes', async () => {
      const request = signed({ ...fake, secretKey: 'wrong' }, { method: 'PUT', path: '/bucket/key', body: 'hello' })
      assert.deepEqual(await putAfterContinue(fake, request), {
        isContinued: false,
        status: 403,
        connection: 'close',
      })
    })

    it('deletes nothing that is not there where a condition is given', async () => {
      const answer = await send('missing', { method: 'DELETE', headers: { 'if-match': '"abc"' } })
      assert.equal(outcome(answer), '404 NoSuchKey')
    })

    it('copies only on the condition that is given', async () => {
      await put('from', 'hello')
      await put('to', 'before')
      const copy = { method: 'PUT', headers: { 'x-amz-copy-source': '/bucket/from', 'if-none-match': '*' } }
      assert.equal(outcome(await send('to', copy)), '412 PreconditionFailed')
      assert.equal(outcome(await send('new', copy)), '200')
      assert.equal(fake.object('bucket', 'to')?.bytes.toString(), 'before')
    })

    it('stores storage class, encryption and access, for tests to see', async () => {
      const headers = {
        'x-amz-acl': 'private',
        'x-amz-storage-class': 'STANDARD_IA',
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'my-key',
      }
      await put('key', 'hello', { ...headers, 'content-type': 'text/x' })
      assert.deepEqual(fake.object('bucket', 'key')?.headers, { ...headers, 'content-type': 'text/x' })
      const told = (await send('key', { method: 'HEAD' })).headers
      assert.deepEqual(
        [told['x-amz-storage-class'], told['x-amz-server-side-encryption'], told['x-amz-acl']],
        ['STANDARD_IA', 'aws:kms', undefined],
      )
    })

    it('stores what a multipart upload was begun with', async () => {
      const sdk = sdkClient(fake)
      const target = { Bucket: 'bucket', Key: 'key' }
      const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ ...target, StorageClass: 'GLACIER' }))
      const { ETag } = await sdk.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'a' }))
      const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
      assert.deepEqual(fake.openUploads('bucket'), [{ key: 'key', uploadId: UploadId }])
      await sdk.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }))
      sdk.destroy()
      assert.equal(fake.object('bucket', 'key')?.headers['x-amz-storage-class'], 'GLACIER')
      assert.deepEqual(fake.openUploads('bucket'), [])
    })

    it('copies metadata, but neither storage class nor encryption nor access', async () => {
      await put('from', 'hello', { 'content-type': 'text/x', 'x-amz-storage-class': 'GLACIER', 'x-amz-acl': 'private' })
      await send('to', { method: 'PUT', headers: { 'x-amz-copy-source': '/bucket/from' } })
      assert.deepEqual(fake.object('bucket', 'to')?.headers, { 'content-type': 'text/x' })
    })

    it('has an ETag that is no MD5 where KMS encrypts', async () => {
      const kms = { 'x-amz-server-side-encryption': 'aws:kms' }
      const etag = async (): Promise<unknown> =>
        (await send('key', { method: 'PUT', body: 'hello', headers: kms })).headers['etag']
      assert.notEqual(await etag(), await etag())
    })

    it('answers what it does not know with 501', async () => {
      assert.equal(outcome(await send('key', { query: { tagging: '' } })), '501 NotImplemented')
      assert.deepEqual(fake.requests, [{ operation: 'Unsupported', bucket: 'bucket', key: 'key' }])
    })
  })

  describe('with credentials', () => {
    it('does not know a stranger', async () => {
      const stranger = { ...fake, accessKey: 'stranger' }
      const path = '/bucket/key'
      assert.equal(outcome(await signedRequest(stranger, { path })), '403 InvalidAccessKeyId')
      const answer = await exchange({ url: fake.endpoint }, { path: presigned(stranger, { path }, 60) })
      assert.equal(outcome(answer), '403 InvalidAccessKeyId')
    })

    it('accepts a session token', async () => {
      assert.equal(await put('key', 'hello', { 'x-amz-security-token': 'token' }), '200')
    })

    it('that expired asks for others, and accepts those', async () => {
      const old = { ...fake, accessKey: fake.accessKey, secretKey: fake.secretKey }
      fake.expireCredentials()
      assert.equal(await put('key', 'hello'), '400 ExpiredToken')
      fake.accept('another', 'secret')
      assert.deepEqual([fake.accessKey, fake.secretKey], ['another', 'secret'])
      assert.equal(await put('key', 'hello'), '200')
      assert.equal(outcome(await signedRequest(old, { path: '/bucket/key' })), '400 ExpiredToken')
      fake.accept(old.accessKey, old.secretKey)
      assert.equal(outcome(await signedRequest(old, { path: '/bucket/key' })), '200')
    })
  })
})
