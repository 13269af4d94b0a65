// Putting, getting and deleting objects.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { outcome, sdkOutcome, type Session } from './session.ts'

const md5 = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`

export function describeObjects(session: () => Session): void {
  it('gives back what was put, with its ETag, length, type and time', async () => {
    const { sdk, bucket } = session()
    const { ETag } = await sdk.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'a/key', Body: 'hello', ContentType: 'text/plain' }),
    )
    const answer = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key: 'a/key' }))
    assert.equal(await answer.Body?.transformToString(), 'hello')
    assert.deepEqual(
      [ETag, answer.ETag, answer.ContentLength, answer.ContentType, answer.AcceptRanges],
      [md5('hello'), md5('hello'), 5, 'text/plain', 'bytes'],
    )
    assert.ok(Math.abs(Date.now() - Number(answer.LastModified)) < 10_000)
  })

  it('keeps metadata', async () => {
    const { sdk, bucket } = session()
    await sdk.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: 'a', Metadata: { owner: 'me' } }))
    const { Metadata } = await sdk.send(new HeadObjectCommand({ Bucket: bucket, Key: 'key' }))
    assert.deepEqual(Metadata, { owner: 'me' })
  })

  it('tells by HEAD what GET would, without the bytes', async () => {
    const { send, put } = session()
    await put('key', 'hello')
    const [head, get] = [await send({ method: 'HEAD', key: 'key' }), await send({ key: 'key' })]
    const told = ['content-length', 'etag', 'last-modified', 'accept-ranges', 'content-type']
    assert.deepEqual(
      told.map((name) => head.headers[name]),
      told.map((name) => get.headers[name]),
    )
    assert.equal(head.body.length, 0)
  })

  it('replaces what was there', async () => {
    const { put, stored } = session()
    await put('key', 'one')
    await put('key', 'two')
    assert.equal(await stored('key'), 'two')
  })

  it('keeps an object of no bytes', async () => {
    const { put, send } = session()
    await put('empty', '')
    const { status, headers } = await send({ key: 'empty' })
    assert.deepEqual([status, headers['content-length'], headers['etag']], [200, '0', md5('')])
  })

  for (const key of ['a b+c', 'é/ß', "!'()*~&=<>;:@$,?%", 'a%20b', '𝒳/ﬀ'])
    it(`keeps the key ${key} apart from all others`, async () => {
      const { sdk, bucket, stored } = session()
      await sdk.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }))
      assert.equal(await stored(key), key)
    })

  for (const [range, expected] of [
    ['bytes=0-1', '206 he bytes 0-1/5'],
    ['bytes=3-', '206 lo bytes 3-4/5'],
    ['bytes=-2', '206 lo bytes 3-4/5'],
    ['bytes=1-100', '206 ello bytes 1-4/5'],
    ['bytes=-100', '206 hello bytes 0-4/5'],
    ['bytes=0-0', '206 h bytes 0-0/5'],
    ['bytes=2-1', '200 hello undefined'],
    ['bytes=0-1,3-4', '200 hello undefined'],
    ['lines=1-2', '200 hello undefined'],
  ] as const)
    it(`answers Range: ${range} with ${expected}`, async () => {
      const { put, send } = session()
      await put('key', 'hello')
      const { status, body, headers } = await send({ key: 'key', headers: { range } })
      assert.equal(`${status} ${body.toString()} ${headers['content-range']}`, expected)
      assert.equal(headers['content-length'], String(body.length))
    })

  it('refuses a range that begins behind the end', async () => {
    const { put, send } = session()
    await put('key', 'hello')
    assert.equal(outcome(await send({ key: 'key', headers: { range: 'bytes=5-' } })), '416 InvalidRange')
  })

  it('refuses any range from the start of an empty object', async () => {
    const { put, send } = session()
    await put('empty', '')
    assert.equal(outcome(await send({ key: 'empty', headers: { range: 'bytes=0-' } })), '416 InvalidRange')
  })

  it('says that there is no such key, in a document to GET and with a status to HEAD', async () => {
    const { send } = session()
    const get = await send({ key: 'missing' })
    assert.equal(outcome(get), '404 NoSuchKey')
    assert.match(String(get.headers['content-type']), /^application\/xml/)
    const head = await send({ method: 'HEAD', key: 'missing' })
    assert.deepEqual([head.status, head.body.length], [404, 0])
  })

  it('says that there is no such bucket', async () => {
    const { send } = session()
    const path = '/no-such-bucket/key'
    assert.equal(outcome(await send({ path })), '404 NoSuchBucket')
    assert.equal(outcome(await send({ path, method: 'PUT', body: 'a' })), '404 NoSuchBucket')
    assert.equal((await send({ path: '/no-such-bucket', method: 'HEAD' })).status, 404)
  })

  it('answers HEAD of a bucket', async () => {
    const { sdk, bucket } = session()
    assert.equal(await sdkOutcome(sdk.send(new HeadBucketCommand({ Bucket: bucket }))), '200')
  })

  it('deletes, also what is not there', async () => {
    const { sdk, bucket, put, stored } = session()
    await put('key', 'hello')
    const remove = (): Promise<string> => sdkOutcome(sdk.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'key' })))
    assert.deepEqual([await remove(), await stored('key'), await remove()], ['204', undefined, '204'])
  })

  it('gives every answer a request id', async () => {
    const { send } = session()
    assert.ok((await send({ key: 'missing' })).headers['x-amz-request-id'])
  })

  it('lets a GET choose headers of its answer', async () => {
    const { put, send } = session()
    await put('key', 'hello')
    const query = { 'response-content-type': 'text/x', 'response-content-disposition': 'attachment' }
    const { headers } = await send({ key: 'key', query })
    assert.deepEqual([headers['content-type'], headers['content-disposition']], ['text/x', 'attachment'])
  })

  it('refuses a key of more than 1024 bytes', async () => {
    const { put } = session()
    assert.equal(outcome(await put('k'.repeat(1025), 'a')), '400 KeyTooLongError')
  })
}
