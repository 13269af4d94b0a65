/** spec, Pulling blobs: "A registry SHOULD support the `Range` request header in accordance with RFC 9110 (section 14)". */
import assert from 'node:assert/strict'

import { type Content, blobOf, randomBlob } from './support/content.ts'
import { assertBody, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, pushBlob } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const size = 5000

describeConformance('ranges of blobs', (registry) => {
  let path: string
  let blob: Content

  before(async () => {
    const repository = newRepository()
    blob = randomBlob(size)
    await pushBlob(registry, repository, blob)
    path = blobPath(repository, blob.digest)
  })

  const satisfiable: readonly [range: string, first: number, last: number, note: string][] = [
    ['bytes=0-0', 0, 0, 'the first byte'],
    ['bytes=500-1499', 500, 1499, 'the middle'],
    ['bytes=0-4999', 0, 4999, 'everything'],
    ['bytes=4999-4999', 4999, 4999, 'the last byte'],
    ['bytes=500-', 500, 4999, 'open at the end'],
    ['bytes=0-', 0, 4999, 'open from the start'],
    ['bytes=-500', 4500, 4999, 'a suffix'],
    ['bytes=-9999', 0, 4999, 'a suffix longer than the blob is the whole blob'],
    ['bytes=4000-9999', 4000, 4999, 'beyond the end is cut at the end'],
  ]
  for (const [range, first, last, note] of satisfiable) {
    it(`Range: ${range} answers 206 with exactly those bytes (${note})`, async () => {
      const answer = await registry.get(path, { Range: range })

      assertStatus(answer, 206)
      assertBody(answer, blob.bytes.subarray(first, last + 1))
      assert.equal(answer.header('content-length'), String(last - first + 1))
      assert.equal(answer.header('content-range'), `bytes ${first}-${last}/${size}`)
    })
  }

  for (const range of ['bytes=5000-', 'bytes=5000-5001', 'bytes=-0', 'bytes=99999999999999999999-']) {
    it(`Range: ${range} cannot be satisfied: 416 with Content-Range: bytes */<size>`, async () => {
      const answer = await registry.get(path, { Range: range })

      assertStatus(answer, 416)
      assert.equal(answer.header('content-range'), `bytes */${size}`)
    })
  }

  for (const range of ['bytes=9-0', 'bytes=a-b', 'bytes=', 'bytes=--5', 'bytes 0-5', '0-5']) {
    it(`an invalid Range is ignored or refused, never served wrongly: ${range}`, async () => {
      const answer = await registry.get(path, { Range: range })

      assertStatus(answer, 200, 400, 416)
      if (answer.status === 200) assertBody(answer, blob.bytes)
    })
  }

  it('"An origin server MUST ignore a Range header field that contains a range unit it does not understand" (RFC 9110, section 14.2)', async () => {
    const answer = await registry.get(path, { Range: 'lines=0-5' })

    assertStatus(answer, 200)
    assertBody(answer, blob.bytes)
  })

  it('a range is defined for GET alone: HEAD ignores it (RFC 9110, section 14.2)', async () => {
    const answer = await registry.head(path, { Range: 'bytes=0-9' })

    assertStatus(answer, 200)
    assert.equal(answer.header('content-length'), String(size))
  })

  it('If-Range with the current ETag answers the range', async function () {
    const etag = (await registry.head(path)).header('etag')
    if (etag === undefined) this.skip()

    const answer = await registry.get(path, { Range: 'bytes=10-19', 'If-Range': etag })

    assertStatus(answer, 206)
    assertBody(answer, blob.bytes.subarray(10, 20))
  })

  it('If-Range with another ETag, a weak one or an old date answers the whole blob', async function () {
    const etag = (await registry.head(path)).header('etag')
    if (etag === undefined) this.skip()

    for (const condition of ['"other"', `W/${etag}`, 'Mon, 01 Jan 2001 00:00:00 GMT']) {
      const answer = await registry.get(path, { Range: 'bytes=10-19', 'If-Range': condition })
      assertStatus(answer, 200)
      assertBody(answer, blob.bytes)
    }
  })

  it('a broken download can be continued where it broke, and the parts make the blob', async () => {
    const begin = await registry.get(path, { Range: 'bytes=0-1233' })
    const rest = await registry.get(path, { Range: 'bytes=1234-' })

    assert.ok(Buffer.concat([begin.body, rest.body]).equals(blob.bytes))
  })

  it('every range of the empty blob is unsatisfiable, or the empty blob is answered whole', async () => {
    const repository = newRepository()
    const empty = blobOf('')
    await pushBlob(registry, repository, empty)

    for (const range of ['bytes=0-0', 'bytes=0-', 'bytes=-1']) {
      const answer = await registry.get(blobPath(repository, empty.digest), { Range: range })
      assertStatus(answer, 200, 416)
    }
  })

  describe('Lading promises', () => {
    it('Accept-Ranges: bytes on GET and HEAD tells that a pull can be continued', async () => {
      assert.equal(requiredHeader(await registry.get(path), 'accept-ranges'), 'bytes')
      assert.equal(requiredHeader(await registry.head(path), 'accept-ranges'), 'bytes')
    })

    it('a backwards range is refused with 416', async () => {
      assertStatus(await registry.get(path, { Range: 'bytes=500-0' }), 416)
    })

    it('a 206 carries Docker-Content-Digest and the ETag of the whole blob', async () => {
      const answer = await registry.get(path, { Range: 'bytes=0-9' })

      assert.equal(answer.header('docker-content-digest'), blob.digest)
      assert.equal(answer.header('etag'), `"${blob.digest}"`)
    })
  })
})
