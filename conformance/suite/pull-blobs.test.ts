/** spec, Pulling blobs, and Checking if content exists in the registry. */
import assert from 'node:assert/strict'

import { blobOf, randomBlob, randomDigest } from './support/content.ts'
import { assertBody, assertDigest, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, pushBlob } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pulling blobs', (registry) => {
  for (const size of [1, 1000, 300_000, 3_000_000]) {
    it(`"A GET request to an existing blob URL MUST provide the expected blob, with a response code that MUST be \`200 OK\`" (${size} bytes)`, async () => {
      const repository = newRepository()
      const blob = randomBlob(size)
      await pushBlob(registry, repository, blob)

      const answer = await registry.get(blobPath(repository, blob.digest))

      assertStatus(answer, 200)
      assertBody(answer, blob.bytes)
    })
  }

  it('"A successful response MUST contain the digest of the uploaded blob in the header `Docker-Content-Digest`", "matching that of the response body"', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    await pushBlob(registry, repository, blob)

    assertDigest(await registry.get(blobPath(repository, blob.digest)), blob.digest)
  })

  it('"If the blob is not found in the repository, the response code MUST be `404 Not Found`" (GET and HEAD)', async () => {
    const repository = newRepository()
    await pushBlob(registry, repository, randomBlob())
    const digest = randomDigest()

    assertStatus(await registry.get(blobPath(repository, digest)), 404)
    assertStatus(await registry.head(blobPath(repository, digest)), 404)
  })

  it('a blob of another repository "is not found in the repository": 404', async () => {
    const [first, second] = [newRepository(), newRepository()]
    const blob = randomBlob()
    await pushBlob(registry, first, blob)
    await pushBlob(registry, second, randomBlob())

    assertStatus(await registry.get(blobPath(second, blob.digest)), 404)
    assertStatus(await registry.head(blobPath(second, blob.digest)), 404)
  })

  it('"An attempt to pull a nonexistent repository MUST return response code `404 Not Found`"', async () => {
    assertStatus(await registry.get(blobPath(newRepository(), randomDigest())), 404)
  })

  it('"A HEAD request to an existing blob or manifest URL MUST return `200 OK`", with Docker-Content-Digest and the size in Content-Length', async () => {
    const repository = newRepository()
    const blob = randomBlob(54_321)
    await pushBlob(registry, repository, blob)

    const answer = await registry.head(blobPath(repository, blob.digest))

    assertStatus(answer, 200)
    assertDigest(answer, blob.digest)
    assert.equal(answer.header('content-length'), '54321')
  })

  it('HEAD has the same headers as GET (RFC 9110, section 9.3.2)', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    await pushBlob(registry, repository, blob)

    const head = await registry.head(blobPath(repository, blob.digest))
    const get = await registry.get(blobPath(repository, blob.digest))

    for (const name of [
      'content-type',
      'content-length',
      'docker-content-digest',
      'etag',
      'accept-ranges',
      'cache-control',
    ]) {
      assert.equal(head.header(name), get.header(name), name)
    }
  })

  it('the empty blob can be pushed and pulled', async () => {
    const repository = newRepository()
    const empty = blobOf('')
    await pushBlob(registry, repository, empty)

    const answer = await registry.get(blobPath(repository, empty.digest))

    assertStatus(answer, 200)
    assert.equal(answer.body.length, 0)
    assert.equal(requiredHeader(await registry.head(blobPath(repository, empty.digest)), 'content-length'), '0')
  })

  it('32 clients that pull one blob at the same time all get it', async () => {
    const repository = newRepository()
    const blob = randomBlob(500_000)
    await pushBlob(registry, repository, blob)

    const answers = await Promise.all(Array.from({ length: 32 }, () => registry.get(blobPath(repository, blob.digest))))

    for (const answer of answers) {
      assertStatus(answer, 200)
      assertBody(answer, blob.bytes)
    }
  })

  describe('Lading promises', () => {
    it('a blob comes with Content-Length, not chunked, as application/octet-stream', async () => {
      const repository = newRepository()
      const blob = randomBlob(100_000)
      await pushBlob(registry, repository, blob)

      const answer = await registry.get(blobPath(repository, blob.digest))

      assert.equal(answer.header('content-length'), '100000')
      assert.equal(answer.header('transfer-encoding'), undefined)
      assert.equal(answer.header('content-type'), 'application/octet-stream')
    })

    it('no Content-Encoding ever on content, whatever the client accepts', async () => {
      const repository = newRepository()
      const blob = blobOf('compressible '.repeat(10_000))
      await pushBlob(registry, repository, blob)

      for (const encodings of ['zstd;q=1.0, gzip;q=0.8, deflate;q=0.5', 'gzip', 'br', '*']) {
        const answer = await registry.get(blobPath(repository, blob.digest), { 'Accept-Encoding': encodings })
        assert.equal(answer.header('content-encoding'), undefined)
        assertBody(answer, blob.bytes)
      }
    })

    it('a blob may be cached for ever: Cache-Control: immutable', async () => {
      const repository = newRepository()
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)

      assert.match(requiredHeader(await registry.get(blobPath(repository, blob.digest)), 'cache-control'), /immutable/)
    })
  })
})
