/** spec, Pushing a blob in chunks: the chunks in order. */
import assert from 'node:assert/strict'

import { mediaTypes, randomBlob } from './support/content.ts'
import { assertBody, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import {
  blobPath,
  finishUpload,
  locationOf,
  sendChunk,
  startChunkedUpload,
  startUpload,
  withQuery,
} from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pushing a blob in chunks', (registry) => {
  it('"The response for each successful chunk upload MUST be `202 Accepted`, and MUST have" Location and Range: 0-<end-of-range>', async () => {
    const repository = newRepository()
    let { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize * 3)

    for (const i of [0, 1, 2]) {
      const chunk = blob.bytes.subarray(i * chunkSize, (i + 1) * chunkSize)
      const answer = await sendChunk(registry, location, chunk, i * chunkSize)
      assertStatus(answer, 202)
      assert.equal(requiredHeader(answer, 'range'), `0-${(i + 1) * chunkSize - 1}`)
      location = locationOf(answer)
    }
    const answer = await finishUpload(registry, location, blob.digest)

    assertStatus(answer, 201)
    assertBody(await registry.get(locationOf(answer)), blob.bytes)
  })

  it('"The final chunk MAY have any length", and MAY be uploaded "using a `PATCH` request"', async () => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize + 1)
    const first = await sendChunk(registry, location, blob.bytes.subarray(0, chunkSize), 0)

    const last = await sendChunk(registry, locationOf(first), blob.bytes.subarray(chunkSize), chunkSize)

    assertStatus(last, 202)
    assertStatus(await finishUpload(registry, locationOf(last), blob.digest), 201)
    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('"or it MAY be uploaded in the closing `PUT` request", with its Content-Range', async () => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize + 777)
    const first = await sendChunk(registry, location, blob.bytes.subarray(0, chunkSize), 0)

    const answer = await registry.put(
      withQuery(locationOf(first), 'digest', blob.digest),
      blob.bytes.subarray(chunkSize),
      {
        'Content-Type': mediaTypes.octetStream,
        'Content-Range': `${chunkSize}-${blob.bytes.length - 1}`,
      },
    )

    assertStatus(answer, 201)
    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('the final chunk may be uploaded in the closing PUT without a Content-Range', async () => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize + 777)
    const first = await sendChunk(registry, location, blob.bytes.subarray(0, chunkSize), 0)

    assertStatus(await finishUpload(registry, locationOf(first), blob.digest, blob.bytes.subarray(chunkSize)), 201)

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  for (const [how, framing] of [
    ['with Content-Length', {}],
    ['with chunked transfer encoding', { 'Transfer-Encoding': 'chunked' }],
  ] as const) {
    it(`a whole blob as one PATCH without Content-Range, ${how}, as docker and podman send it`, async () => {
      const repository = newRepository()
      const blob = randomBlob(400_000)
      const location = await startUpload(registry, repository)

      const patch = await registry.patch(location, blob.bytes, { 'Content-Type': mediaTypes.octetStream, ...framing })

      assertStatus(patch, 202)
      assert.equal(requiredHeader(patch, 'range'), '0-399999')
      assertStatus(await finishUpload(registry, locationOf(patch), blob.digest), 201)
      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })
  }

  it('"The response to an active upload `<blob-push-location>` MUST be a `204 No Content`", with Location and Range: 0-<end-of-range>', async () => {
    const { location, chunkSize } = await startChunkedUpload(registry, newRepository())
    const blob = randomBlob(chunkSize * 2)
    const patch = await sendChunk(registry, location, blob.bytes.subarray(0, chunkSize), 0)

    const status = await registry.get(locationOf(patch))

    assertStatus(status, 204)
    assert.equal(requiredHeader(status, 'range'), `0-${chunkSize - 1}`)
    const next = await sendChunk(registry, locationOf(status), blob.bytes.subarray(chunkSize), chunkSize)
    assertStatus(next, 202)
    assertStatus(await finishUpload(registry, locationOf(next), blob.digest), 201)
  })

  it('"The `<blob-push-location>` refers to the URL obtained from any preceding `POST` or `PATCH` request": GET works on the first of them too', async () => {
    const { location, chunkSize } = await startChunkedUpload(registry, newRepository())
    await sendChunk(registry, location, randomBlob(chunkSize).bytes, 0)

    const status = await registry.get(location)

    assertStatus(status, 204)
    assert.equal(requiredHeader(status, 'range'), `0-${chunkSize - 1}`)
  })

  it('"If the registry has a minimum chunk size, the `POST` response SHOULD include" OCI-Chunk-Min-Length, "the size in bytes": one byte is taken where it does not', async () => {
    const answer = await registry.post(`/v2/${newRepository()}/blobs/uploads/`)
    const smallest = answer.header('oci-chunk-min-length') ?? '1'
    assert.match(smallest, /^[1-9]\d*$/)

    assertStatus(await sendChunk(registry, locationOf(answer), randomBlob(Number(smallest)).bytes, 0), 202)
  })

  it('GET tells the status of an upload that has no bytes yet: 204', async () => {
    const status = await registry.get(await startUpload(registry, newRepository()))

    assertStatus(status, 204)
    locationOf(status)
  })

  it('a blob whose chunks have another digest is refused with 400 when it is closed, and nothing is stored', async () => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const [blob, other] = [randomBlob(chunkSize), randomBlob(chunkSize)]
    const patch = await sendChunk(registry, location, other.bytes, 0)

    assertStatus(await finishUpload(registry, locationOf(patch), blob.digest), 400)

    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    assertStatus(await registry.head(blobPath(repository, other.digest)), 404)
  })

  describe('Lading promises', () => {
    it('a hundred small chunks make one blob', async () => {
      const repository = newRepository()
      const blob = randomBlob(100 * 37)
      let location = await startUpload(registry, repository)

      for (let offset = 0; offset < blob.bytes.length; offset += 37) {
        const answer = await sendChunk(registry, location, blob.bytes.subarray(offset, offset + 37), offset)
        assertStatus(answer, 202)
        location = locationOf(answer)
      }

      assertStatus(await finishUpload(registry, location, blob.digest), 201)
      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })

    it('chunks without Content-Range are appended in the order they come', async () => {
      const repository = newRepository()
      const blob = randomBlob(3000)
      let location = await startUpload(registry, repository)

      for (const offset of [0, 1000, 2000]) {
        const answer = await registry.patch(location, blob.bytes.subarray(offset, offset + 1000))
        assertStatus(answer, 202)
        location = locationOf(answer)
      }

      assertStatus(await finishUpload(registry, location, blob.digest), 201)
    })

    it('an empty PATCH is accepted and changes nothing', async () => {
      const repository = newRepository()
      const blob = randomBlob()
      const patch = await registry.patch(await startUpload(registry, repository), '')

      assertStatus(patch, 202)
      assertStatus(await finishUpload(registry, locationOf(patch), blob.digest, blob.bytes), 201)
    })
  })
})
