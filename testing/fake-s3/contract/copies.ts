// CopyObject and UploadPartCopy: bytes that never leave the server.
import { CopyObjectCommand, CompleteMultipartUploadCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { begin } from './multipart.ts'
import { outcome, sdkOutcome, type Session } from './session.ts'

export function describeCopies(session: () => Session): void {
  describe('a copy', () => {
    const copy = (to: string, source: string, headers = {}): Promise<string> => {
      const { send, bucket } = session()
      const from = source.startsWith('/') ? source : `/${bucket}/${source}`
      return send({ method: 'PUT', key: to, headers: { 'x-amz-copy-source': from, ...headers } }).then(outcome)
    }

    it('has the bytes and the ETag of its source', async () => {
      const { sdk, bucket, put, stored } = session()
      const { headers } = await put('from/a', 'hello')
      const input = { Bucket: bucket, Key: 'to', CopySource: `${bucket}/from/a` }
      const { CopyObjectResult } = await sdk.send(new CopyObjectCommand(input))
      assert.equal(CopyObjectResult?.ETag, headers['etag'])
      assert.equal(await stored('to'), 'hello')
    })

    it('finds a source whose name is encoded', async () => {
      await session().put('é a+b', 'hello')
      assert.equal(await copy('to', '%C3%A9%20a%2Bb'), '200')
      assert.equal(await session().stored('to'), 'hello')
    })

    it('of what is not there is 404', async () => {
      assert.equal(await copy('to', 'missing'), '404 NoSuchKey')
      assert.equal(await copy('to', '/no-such-bucket/key'), '404 NoSuchBucket')
      assert.equal(await session().stored('to'), undefined)
    })

    it('of an object to itself must change something', async () => {
      await session().put('key', 'hello')
      assert.equal(await copy('key', 'key'), '400 InvalidRequest')
      assert.equal(await copy('key', 'key', { 'x-amz-metadata-directive': 'REPLACE' }), '200')
    })

    it('can demand what its source is', async () => {
      const { headers } = await session().put('key', 'hello')
      const demand = (etag: string): Promise<string> => copy('to', 'key', { 'x-amz-copy-source-if-match': etag })
      assert.equal(await demand('"abc"'), '412 PreconditionFailed')
      assert.equal(await demand(String(headers['etag'])), '200')
    })
  })

  describe('a part that is copied', () => {
    let UploadId: string
    beforeEach(async () => {
      UploadId = await begin(session())
      await session().put('from', 'hello')
    })
    const copyPart = (PartNumber: number, more = {}) => {
      const { sdk, bucket } = session()
      const input = { Bucket: bucket, Key: 'key', UploadId, PartNumber, CopySource: `/${bucket}/from`, ...more }
      return sdk.send(new UploadPartCopyCommand(input))
    }

    it('is the range of its source', async () => {
      const { sdk, bucket, stored } = session()
      const { CopyPartResult } = await copyPart(1, { CopySourceRange: 'bytes=1-3' })
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: CopyPartResult?.ETag }] }
      await sdk.send(new CompleteMultipartUploadCommand({ Bucket: bucket, Key: 'key', UploadId, MultipartUpload }))
      assert.equal(await stored('key'), 'ell')
    })

    it('is all of its source without a range', async () => {
      const { headers } = await session().send({ method: 'HEAD', key: 'from' })
      assert.equal((await copyPart(1)).CopyPartResult?.ETag, headers['etag'])
    })

    it('must be within its source', async () => {
      assert.equal(await sdkOutcome(copyPart(1, { CopySourceRange: 'bytes=0-5' })), '400 InvalidArgument')
      assert.equal(await sdkOutcome(copyPart(1, { CopySourceRange: 'bytes=3-1' })), '400 InvalidArgument')
    })

    it('of what is not there is 404', async () => {
      const CopySource = `/${session().bucket}/missing`
      assert.equal(await sdkOutcome(copyPart(1, { CopySource })), '404 NoSuchKey')
    })
  })
}
