// Multipart uploads: parts become an object at once, when they are listed as they are.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { outcome, sdkOutcome, type Session } from './session.ts'

const minPartBytes = 5 * 1024 ** 2

export interface PartList {
  PartNumber: number
  ETag: string | undefined
}

export async function begin({ sdk, bucket }: Session, Key = 'key'): Promise<string> {
  const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
  return UploadId as string
}

export async function upload(
  { sdk, bucket }: Session,
  UploadId: string,
  [PartNumber, Body]: [number, Uint8Array | string],
): Promise<PartList> {
  const input = { Bucket: bucket, Key: 'key', UploadId, PartNumber, Body: Buffer.from(Body) }
  const { ETag } = await sdk.send(new UploadPartCommand(input))
  return { PartNumber, ETag }
}

export function describeMultipart(session: () => Session): void {
  const complete = (UploadId: string, Parts: PartList[], more: { IfNoneMatch?: string; IfMatch?: string } = {}) => {
    const { sdk, bucket } = session()
    const input = { Bucket: bucket, Key: 'key', UploadId, MultipartUpload: { Parts }, ...more }
    return sdk.send(new CompleteMultipartUploadCommand(input))
  }
  const abort = (UploadId: string): Promise<string> => {
    const { sdk, bucket } = session()
    return sdkOutcome(sdk.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: 'key', UploadId })))
  }
  const first = Buffer.alloc(minPartBytes, 'a')

  describe('a multipart upload', () => {
    it('becomes the object when it is completed, and not before', async () => {
      const { sdk, bucket, stored } = session()
      const id = await begin(session())
      const parts = [await upload(session(), id, [1, first]), await upload(session(), id, [2, 'tail'])]
      assert.equal(await stored('key'), undefined)
      const { ETag } = await complete(id, parts)
      const answer = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key: 'key' }))
      const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
      assert.ok(bytes.equals(Buffer.concat([first, Buffer.from('tail')])))
      assert.equal(answer.ETag, ETag)
    })

    it('has an ETag made of those of its parts', async () => {
      const id = await begin(session())
      const parts = [await upload(session(), id, [1, first]), await upload(session(), id, [2, 'tail'])]
      const digests = Buffer.from(parts.map(({ ETag }) => ETag?.replaceAll('"', '')).join(''), 'hex')
      const expected = createHash('md5').update(digests).digest('hex')
      assert.equal((await complete(id, parts)).ETag, `"${expected}-2"`)
    })

    it('takes parts in any order, leaves gaps, and replaces a part that comes again', async () => {
      const id = await begin(session())
      const last = await upload(session(), id, [9, 'tail'])
      await upload(session(), id, [3, 'wrong'])
      const parts = [await upload(session(), id, [3, first]), last]
      await complete(id, parts)
      assert.equal((await session().stored('key'))?.length, minPartBytes + 4)
    })

    it('leaves out the parts that are not listed', async () => {
      const id = await begin(session())
      const part = await upload(session(), id, [1, 'one'])
      await upload(session(), id, [2, 'two'])
      await complete(id, [part])
      assert.equal(await session().stored('key'), 'one')
    })

    it('that was completed can be completed again, as an answer can get lost', async () => {
      const id = await begin(session())
      const parts = [await upload(session(), id, [1, 'one'])]
      const { ETag } = await complete(id, parts, { IfNoneMatch: '*' })
      assert.equal((await complete(id, parts, { IfNoneMatch: '*' })).ETag, ETag)
    })

    it('that was completed takes no more parts and cannot be aborted', async () => {
      const id = await begin(session())
      await complete(id, [await upload(session(), id, [1, 'one'])])
      await assert.rejects(upload(session(), id, [2, 'two']), { name: 'NoSuchUpload' })
      assert.equal(await abort(id), '404 NoSuchUpload')
      assert.equal(await session().stored('key'), 'one')
    })

    it('that was aborted is gone', async () => {
      const id = await begin(session())
      const part = await upload(session(), id, [1, 'one'])
      assert.equal(await abort(id), '204')
      assert.equal(await abort(id), '404 NoSuchUpload')
      await assert.rejects(upload(session(), id, [1, 'one']), { name: 'NoSuchUpload' })
      await assert.rejects(complete(id, [part]))
      assert.equal(await session().stored('key'), undefined)
    })

    it('belongs to its key', async () => {
      const { send } = session()
      const uploadId = await begin(session())
      const request = { method: 'PUT', key: 'another', body: 'a', query: { uploadId, partNumber: '1' } }
      assert.equal(outcome(await send(request)), '404 NoSuchUpload')
    })

    it('refuses parts before 1 and after 10000', async () => {
      const { send } = session()
      const uploadId = await begin(session())
      const put = async (partNumber: string): Promise<string> =>
        outcome(await send({ method: 'PUT', key: 'key', body: 'a', query: { uploadId, partNumber } }))
      assert.deepEqual(
        [await put('0'), await put('10001'), await put('x'), await put('10000')],
        ['400 InvalidArgument', '400 InvalidArgument', '400 InvalidArgument', '200'],
      )
    })
  })

  describe('completing', () => {
    let id: string
    let parts: [PartList, PartList, PartList]

    beforeEach(async () => {
      id = await begin(session())
      parts = [
        await upload(session(), id, [1, first]),
        await upload(session(), id, [2, 'two']),
        await upload(session(), id, [3, 'three']),
      ]
    })
    const outcomeOf = (list: PartList[], more = {}): Promise<string> => sdkOutcome(complete(id, list, more))

    it('refuses parts out of order or twice', async () => {
      const large = [await upload(session(), id, [4, first]), parts[0]]
      assert.equal(await outcomeOf(large), '400 InvalidPartOrder')
      assert.equal(await outcomeOf([parts[0], parts[0]]), '400 InvalidPartOrder')
    })

    it('refuses a part that is not there, or not as it is', async () => {
      assert.equal(await outcomeOf([parts[0], { ...parts[1], PartNumber: 7 }]), '400 InvalidPart')
      assert.equal(await outcomeOf([{ ...parts[0], ETag: parts[1].ETag }, parts[1]]), '400 InvalidPart')
    })

    it('refuses a small part anywhere but at the end', async () => {
      assert.equal(await outcomeOf(parts), '400 EntityTooSmall')
    })

    it('refuses no parts at all', async () => {
      const body = '<CompleteMultipartUpload></CompleteMultipartUpload>'
      const request = { method: 'POST', key: 'key', query: { uploadId: id }, body }
      assert.equal(outcome(await session().send(request)), '400 MalformedXML')
    })

    it('can be tried again after a refusal', async () => {
      await outcomeOf(parts)
      assert.equal(await outcomeOf([parts[0], parts[1]]), '200')
    })

    it('obeys If-None-Match and If-Match', async () => {
      const { put, send, stored } = session()
      const list = [parts[0], parts[1]]
      assert.equal(await outcomeOf(list, { IfMatch: '"abc"' }), '404 NoSuchKey')
      await put('key', 'before')
      assert.equal(await outcomeOf(list, { IfNoneMatch: '*' }), '412 PreconditionFailed')
      assert.equal(await outcomeOf(list, { IfMatch: '"abc"' }), '412 PreconditionFailed')
      assert.equal(await stored('key'), 'before')
      await send({ method: 'DELETE', key: 'key' })
      assert.equal(await outcomeOf(list, { IfNoneMatch: '*' }), '200')
    })
  })
}
