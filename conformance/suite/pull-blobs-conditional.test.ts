/** Conditional requests for blobs: RFC 9110, section 13, which the specification asks registries to follow. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import { type Content, randomBlob } from './support/content.ts'
import { assertBody, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, pushBlob } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('conditional requests for blobs', (registry) => {
  let path: string
  let blob: Content
  let first: Answer

  beforeEach(async () => {
    const repository = newRepository()
    blob = randomBlob(2000)
    await pushBlob(registry, repository, blob)
    path = blobPath(repository, blob.digest)
    first = await registry.get(path)
  })

  it('If-None-Match with the ETag answers 304 without a body, to GET and HEAD', async function () {
    const etag = first.header('etag')
    if (etag === undefined) this.skip()

    const answer = await registry.get(path, { 'If-None-Match': etag })

    assertStatus(answer, 304)
    assert.equal(answer.body.length, 0)
    assertStatus(await registry.head(path, { 'If-None-Match': etag }), 304)
  })

  it('a 304 repeats the ETag', async function () {
    const etag = first.header('etag')
    if (etag === undefined) this.skip()

    assert.equal((await registry.get(path, { 'If-None-Match': etag })).header('etag'), etag)
  })

  it('If-None-Match compares weakly and reads lists', async function () {
    const etag = first.header('etag')
    if (etag === undefined) this.skip()

    for (const condition of [`W/${etag}`, `"other", ${etag}`, `"other" , W/${etag},"third"`, '*']) {
      assertStatus(await registry.get(path, { 'If-None-Match': condition }), 304)
    }
  })

  it('If-None-Match with another ETag answers 200 with the blob', async () => {
    const answer = await registry.get(path, { 'If-None-Match': '"other"' })

    assertStatus(answer, 200)
    assertBody(answer, blob.bytes)
  })

  it('If-None-Match goes before Range: 304', async function () {
    const etag = first.header('etag')
    if (etag === undefined) this.skip()

    assertStatus(await registry.get(path, { 'If-None-Match': etag, Range: 'bytes=0-9' }), 304)
  })

  it('an absent blob is 404, whatever If-None-Match says', async () => {
    const absent = randomBlob()

    for (const condition of ['"other"', '*', `"${absent.digest}"`]) {
      const answer = await registry.get(blobPath(newRepository(), absent.digest), { 'If-None-Match': condition })
      assertStatus(answer, 404)
    }
  })

  describe('Lading promises', () => {
    it('If-Match: "the origin server MUST NOT perform the requested method" for content other than it names: 412, to GET and HEAD', async () => {
      for (const condition of ['"other"', `W/"${blob.digest}"`, '"other", "third"']) {
        const answer = await registry.get(path, { 'If-Match': condition, 'If-None-Match': '*' })
        assertStatus(answer, 412)
        assert.equal(answer.header('etag'), undefined)
        assert.notDeepEqual(answer.body, blob.bytes)
        assertStatus(await registry.head(path, { 'If-Match': condition }), 412)
      }
    })

    it('If-Match that names the blob answers 200, and 206 to a range', async () => {
      for (const condition of [`"${blob.digest}"`, `"other", "${blob.digest}"`, '*']) {
        assertBody(await registry.get(path, { 'If-Match': condition }), blob.bytes)
        assertStatus(await registry.get(path, { 'If-Match': condition, Range: 'bytes=0-9' }), 206)
      }
    })

    it('If-Modified-Since and If-Unmodified-Since are ignored: blobs have no dates', async () => {
      const date = 'Wed, 21 Oct 2015 07:28:00 GMT'
      assertStatus(await registry.get(path, { 'If-Unmodified-Since': date }), 200)
      assertStatus(await registry.get(path, { 'If-Modified-Since': date }), 200)
    })

    it('an absent blob is 404, whatever If-Match says', async () => {
      const absent = blobPath(newRepository(), randomBlob().digest)
      for (const condition of ['"other"', '*']) {
        assertStatus(await registry.get(absent, { 'If-Match': condition }), 404)
      }
    })

    it('the ETag of a blob is strong and the same for everyone: its digest in quotes', async () => {
      assert.equal(requiredHeader(first, 'etag'), `"${blob.digest}"`)
    })
  })
})
