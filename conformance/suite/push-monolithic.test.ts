/** spec, Pushing a blob monolithically: POST then PUT. */
import assert from 'node:assert/strict'

import { mediaTypes, randomBlob, randomDigest } from './support/content.ts'
import { assertBody, assertDigest, assertRefused, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, finishUpload, locationOf, pushBlob, startUpload, withQuery } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pushing a blob with POST then PUT', (registry) => {
  it('"Upon success, the response MUST have a code of `202 Accepted`, and MUST include" Location', async () => {
    const answer = await registry.post(`/v2/${newRepository()}/blobs/uploads/`)

    assertStatus(answer, 202)
    locationOf(answer)
  })

  it('"The `<blob-push-location>` MUST contain a UUID representing a unique session ID for the upload to follow"', async () => {
    const repository = newRepository()
    const [first, second] = [await startUpload(registry, repository), await startUpload(registry, repository)]

    const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i
    assert.match(first, uuid)
    assert.notEqual(uuid.exec(first)?.[0], uuid.exec(second)?.[0])
  })

  it('"Upon successful completion of the request, the response MUST have code `201 Created`", and Location "a pullable blob URL"', async () => {
    const repository = newRepository()
    const blob = randomBlob(50_000)
    const location = await startUpload(registry, repository)

    const answer = await finishUpload(registry, location, blob.digest, blob.bytes)

    assertStatus(answer, 201)
    assertBody(await registry.get(locationOf(answer)), blob.bytes)
  })

  it('a blob of several megabytes arrives whole', async () => {
    const repository = newRepository()
    const blob = randomBlob(8_000_000)

    await pushBlob(registry, repository, blob)

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('the digest may come percent-encoded or plain in the query', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    const location = await startUpload(registry, repository)
    const plain = `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`

    assertStatus(await registry.put(plain, blob.bytes, { 'Content-Type': mediaTypes.octetStream }), 201)
  })

  it('the closing PUT may stream its body without Content-Length (RFC 9112, section 7.1)', async () => {
    const repository = newRepository()
    const blob = randomBlob(200_000)
    const target = withQuery(await startUpload(registry, repository), 'digest', blob.digest)

    assertStatus(await registry.put(target, blob.bytes, { 'Transfer-Encoding': 'chunked' }), 201)

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('a PUT whose bytes have another digest is refused with 400, and nothing is stored', async () => {
    const repository = newRepository()
    const [blob, other] = [randomBlob(), randomBlob()]

    const answer = await finishUpload(registry, await startUpload(registry, repository), blob.digest, other.bytes)

    assertStatus(answer, 400)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    assertStatus(await registry.head(blobPath(repository, other.digest)), 404)
  })

  it('a PUT without a digest is refused', async () => {
    const location = await startUpload(registry, newRepository())

    assertRefused(await registry.put(location, randomBlob().bytes))
  })

  it('a PUT to an upload that never was is refused with 404', async () => {
    const repository = newRepository()
    await pushBlob(registry, repository, randomBlob())
    const blob = randomBlob()
    const unknown = `/v2/${repository}/blobs/uploads/00000000-1111-4222-8333-444444444444`

    assertStatus(await registry.put(withQuery(unknown, 'digest', blob.digest), blob.bytes), 404)
  })

  it('"the registry indicates that its not necessary because the layer is already known": a blob pushed again is accepted again', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    await pushBlob(registry, repository, blob)

    await pushBlob(registry, repository, blob)

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('"If process A and B upload the same layer at the same time, both operations will proceed"', async () => {
    const repository = newRepository()
    const blob = randomBlob(300_000)

    await Promise.all(Array.from({ length: 6 }, () => pushBlob(registry, repository, blob)))

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  describe('Lading promises', () => {
    it('the answer to POST says Docker-Upload-UUID, Range: 0-0 and Content-Length: 0', async () => {
      const answer = await registry.post(`/v2/${newRepository()}/blobs/uploads/`)

      assert.ok(locationOf(answer).includes(requiredHeader(answer, 'docker-upload-uuid')))
      assert.equal(answer.header('range'), '0-0')
      assert.equal(answer.header('content-length'), '0')
    })

    it('the answer to the closing PUT says Docker-Content-Digest and Content-Length: 0', async () => {
      const repository = newRepository()
      const blob = randomBlob()

      const answer = await pushBlob(registry, repository, blob)

      assertDigest(answer, blob.digest)
      assert.equal(answer.header('content-length'), '0')
    })

    it('an upload left open does not make a blob or a manifest of that name appear', async () => {
      const repository = newRepository()
      await startUpload(registry, repository)

      assertStatus(await registry.get(blobPath(repository, randomDigest())), 404)
    })
  })
})
