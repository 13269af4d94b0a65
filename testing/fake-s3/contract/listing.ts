// ListObjectsV2 and DeleteObjects.
import { DeleteObjectsCommand, ListObjectsV2Command, type ListObjectsV2CommandInput } from '@aws-sdk/client-s3'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { outcome, type Session } from './session.ts'

interface Listed {
  keys: string[]
  prefixes: string[]
  pages: number
}

const tags = ['t/a/1', 't/b/1', 't/b/2', 't/b-1/1', 't/b.2/1', 't/c', 't/d/1']

export function describeListing(session: () => Session): void {
  async function putAll(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => session().put(key, key)))
  }

  /** All pages. */
  async function list(input: Partial<ListObjectsV2CommandInput>): Promise<Listed> {
    const { sdk, bucket } = session()
    const listed: Listed = { keys: [], prefixes: [], pages: 0 }
    for (let token: string | undefined; ;) {
      const page = await sdk.send(new ListObjectsV2Command({ Bucket: bucket, ...input, ContinuationToken: token }))
      const [keys, prefixes] = [page.Contents ?? [], page.CommonPrefixes ?? []]
      assert.equal(page.KeyCount, keys.length + prefixes.length)
      listed.keys.push(...keys.map(({ Key }) => String(Key)))
      listed.prefixes.push(...prefixes.map(({ Prefix }) => String(Prefix)))
      listed.pages++
      token = page.NextContinuationToken
      assert.equal(page.IsTruncated, token !== undefined)
      if (token === undefined) return listed
    }
  }

  describe('a listing', () => {
    it('tells key, size, ETag and time of each object', async () => {
      const { sdk, bucket, put } = session()
      const { headers } = await put('key', 'hello')
      const { Contents } = await sdk.send(new ListObjectsV2Command({ Bucket: bucket }))
      const [object] = Contents ?? []
      assert.deepEqual([object?.Key, object?.Size, object?.ETag], ['key', 5, headers['etag']])
      assert.ok(Math.abs(Date.now() - Number(object?.LastModified)) < 10_000)
    })

    it('is in the order of the bytes of the keys', async () => {
      const keys = ['A', 'a', 'a-b', 'a0', 'b', 'é', 'ﬀ', '𝒳']
      await putAll(keys.toReversed())
      assert.deepEqual((await list({})).keys, keys)
    })

    it('has the keys below a prefix, which need not end with a slash', async () => {
      await putAll(tags)
      assert.deepEqual((await list({ Prefix: 't/b' })).keys, ['t/b-1/1', 't/b.2/1', 't/b/1', 't/b/2'])
      assert.deepEqual((await list({ Prefix: 't/b/' })).keys, ['t/b/1', 't/b/2'])
      assert.deepEqual((await list({ Prefix: 'nothing/' })).keys, [])
    })

    it('rolls up what is below the delimiter, in the order of bytes with the delimiter', async () => {
      await putAll(tags)
      const { keys, prefixes } = await list({ Prefix: 't/', Delimiter: '/' })
      assert.deepEqual([keys, prefixes], [['t/c'], ['t/a/', 't/b-1/', 't/b.2/', 't/b/', 't/d/']])
    })

    it('begins after StartAfter, which need not exist', async () => {
      await putAll(tags)
      assert.deepEqual((await list({ StartAfter: 't/b/1' })).keys, ['t/b/2', 't/c', 't/d/1'])
      assert.deepEqual((await list({ StartAfter: 't/b/11' })).keys, ['t/b/2', 't/c', 't/d/1'])
      assert.deepEqual((await list({ Prefix: 't/', StartAfter: 'a' })).keys.length, tags.length)
      assert.deepEqual((await list({ Prefix: 't/', StartAfter: 'z' })).keys, [])
    })

    it('rolls up a folder whose name alone is StartAfter, and leaves out one that StartAfter is within', async () => {
      await putAll(tags)
      const after = async (StartAfter: string): Promise<string[]> =>
        (await list({ Prefix: 't/', Delimiter: '/', StartAfter })).prefixes
      assert.deepEqual(await after('t/b'), ['t/b-1/', 't/b.2/', 't/b/', 't/d/'])
      assert.deepEqual(await after('t/b/'), ['t/d/'])
      assert.deepEqual(await after('t/b/1'), ['t/d/'])
    })

    for (const MaxKeys of [1, 2, 3])
      it(`misses and repeats nothing in pages of ${MaxKeys}`, async () => {
        await putAll(tags)
        const flat = await list({ MaxKeys })
        assert.deepEqual([flat.keys, flat.pages], [tags.toSorted(), Math.ceil(7 / MaxKeys)])
        const rolled = await list({ MaxKeys, Prefix: 't/', Delimiter: '/' })
        assert.deepEqual(rolled.prefixes, ['t/a/', 't/b-1/', 't/b.2/', 't/b/', 't/d/'])
        assert.deepEqual([rolled.keys, rolled.pages], [['t/c'], Math.ceil(6 / MaxKeys)])
      })

    it('does not know what was deleted', async () => {
      await putAll(['a', 'b', 'c'])
      assert.deepEqual((await list({})).keys, ['a', 'b', 'c'])
      await session().send({ method: 'DELETE', key: 'b' })
      assert.deepEqual((await list({})).keys, ['a', 'c'])
    })

    it('brings every key through its document', async () => {
      const keys = ['a b+c', 'a&b<c>"\'', 'a%20b', 'é']
      await putAll(keys)
      assert.deepEqual((await list({})).keys, keys.toSorted())
    })

    it('of no keys at all is not truncated', async () => {
      await putAll(['a'])
      assert.deepEqual(await list({ MaxKeys: 0 }), { keys: [], prefixes: [], pages: 1 })
    })

    it('refuses a number of keys that is none', async () => {
      const query = { 'list-type': '2', 'max-keys': 'many' }
      assert.equal(outcome(await session().send({ query })), '400 InvalidArgument')
    })
  })

  describe('deleting many at once', () => {
    it('deletes them, and counts the absent as deleted', async () => {
      const { sdk, bucket } = session()
      await putAll(['a', 'b & c', 'd'])
      const Objects = ['a', 'b & c', 'absent'].map((Key) => ({ Key }))
      const { Deleted, Errors } = await sdk.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
      assert.deepEqual(
        Deleted?.map(({ Key }) => Key),
        ['a', 'b & c', 'absent'],
      )
      assert.equal(Errors, undefined)
      assert.deepEqual((await list({})).keys, ['d'])
    })

    it('demands a checksum of the list', async () => {
      await putAll(['a'])
      const body = '<Delete><Object><Key>a</Key></Object></Delete>'
      const request = { method: 'POST', query: { delete: '' }, body }
      assert.equal(outcome(await session().send(request)), '400 InvalidRequest')
      const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
      assert.equal(outcome(await session().send({ ...request, headers })), '200')
      assert.deepEqual((await list({})).keys, [])
    })
  })
}
