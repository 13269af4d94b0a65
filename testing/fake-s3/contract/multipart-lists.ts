// ListMultipartUploads and ListParts: how leftovers are found.
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type ListMultipartUploadsCommandInput,
} from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { begin, upload } from './multipart.ts'
import { sdkOutcome, type Session } from './session.ts'

export function describeMultipartLists(session: () => Session): void {
  describe('the list of unfinished uploads', () => {
    async function beginAll(keys: readonly string[]): Promise<string[]> {
      const { sdk, bucket } = session()
      const ids: string[] = []
      for (const Key of keys) {
        const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
        ids.push(`${Key} ${UploadId}`)
      }
      return ids
    }

    async function list(input: Partial<ListMultipartUploadsCommandInput> = {}): Promise<string[]> {
      const { sdk, bucket } = session()
      const { Uploads = [] } = await sdk.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...input }))
      assert.ok(Uploads.every(({ Initiated }) => Math.abs(Date.now() - Number(Initiated)) < 10_000))
      return Uploads.map(({ Key, UploadId }) => `${Key} ${UploadId}`)
    }

    it('has all of them by key, also several of one key', async () => {
      const begun = await beginAll(['b', 'a', 'b', 'c/d'])
      const listed = await list()
      assert.deepEqual(listed.toSorted(), begun.toSorted())
      assert.deepEqual(
        listed.map((one) => one.split(' ')[0]),
        ['a', 'b', 'b', 'c/d'],
      )
    })

    it('begins after a key, which need not exist', async () => {
      const begun = await beginAll(['a', 'b/1', 'b/2', 'c'])
      assert.deepEqual(await list({ KeyMarker: 'b/1' }), begun.slice(2))
      assert.deepEqual(await list({ KeyMarker: 'b' }), begun.slice(1))
    })

    it('says when there is more', async () => {
      const { sdk, bucket } = session()
      const begun = await beginAll(['a', 'b'])
      const page = await sdk.send(new ListMultipartUploadsCommand({ Bucket: bucket, MaxUploads: 1 }))
      assert.equal(page.IsTruncated, true)
      assert.equal(`${page.NextKeyMarker} ${page.NextUploadIdMarker}`, begun[0])
    })

    it('has those below a prefix', async () => {
      const begun = await beginAll(['a', 'b/1', 'b/2', 'c'])
      assert.deepEqual(await list({ Prefix: 'b/' }), begun.slice(1, 3))
      assert.deepEqual(await list({ Prefix: 'z' }), [])
    })
  })

  describe('the list of parts', () => {
    it('has number, size and ETag of each, in order, page by page', async () => {
      const { sdk, bucket } = session()
      const UploadId = await begin(session())
      const third = await upload(session(), UploadId, [3, 'three'])
      const first = await upload(session(), UploadId, [1, 'one'])
      const input = { Bucket: bucket, Key: 'key', UploadId, MaxParts: 1 }
      const page = await sdk.send(new ListPartsCommand(input))
      const rest = await sdk.send(new ListPartsCommand({ ...input, PartNumberMarker: page.NextPartNumberMarker }))
      assert.deepEqual(
        [...(page.Parts ?? []), ...(rest.Parts ?? [])].map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag]),
        [
          [1, 3, first.ETag],
          [3, 5, third.ETag],
        ],
      )
      assert.deepEqual([page.IsTruncated, rest.IsTruncated], [true, false])
    })

    it('of an unknown upload is 404', async () => {
      const { sdk, bucket } = session()
      const input = { Bucket: bucket, Key: 'key', UploadId: 'unknown' }
      assert.equal(await sdkOutcome(sdk.send(new ListPartsCommand(input))), '404 NoSuchUpload')
    })
  })
}
