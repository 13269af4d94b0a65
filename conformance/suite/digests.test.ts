/** Digests: "if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond with a response code `400 Bad Request`". */
import assert from 'node:assert/strict'

import { digestOf, randomBlob, withAlgorithm } from './support/content.ts'
import { assertBody, assertError, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import {
  assertAlive,
  blobPath,
  finishUpload,
  locationOf,
  manifestPath,
  prepareImage,
  pushBlob,
  sendChunk,
  startUpload,
} from './support/push.ts'
import { describeConformance } from './support/target.ts'

const hex = 'a'.repeat(64)
const invalid: readonly [what: string, digest: string][] = [
  ['without an algorithm', hex],
  ['without a hash', 'sha256:'],
  ['with a hash that is too short', `sha256:${hex.slice(1)}`],
  ['with a hash that is too long', `sha256:${hex}a`],
  ['in upper case', `sha256:${hex.toUpperCase()}`],
  ['that is not hexadecimal', `sha256:${'g'.repeat(64)}`],
  ['sha512 with the length of sha256', `sha512:${hex}`],
  ['with a path in it', `sha256:../../${hex.slice(6)}`],
  ['with an algorithm nobody knows', `sha999:${hex}`],
  ['md5, which is too weak', `md5:${hex.slice(32)}`],
  ['that is empty', ''],
]

/** Or sent to the clean form of a path that climbs. */
const notFound = [400, 404, 301, 307, 308]

describeConformance('digests', (registry) => {
  for (const [what, digest] of invalid) {
    it(`"if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond with … \`400 Bad Request\`": PUT of a blob, a digest ${what}`, async () => {
      const location = await startUpload(registry, newRepository())

      assertStatus(await finishUpload(registry, location, digest, randomBlob().bytes), 400)
    })
  }

  for (const [what, digest] of invalid.filter(([, digest]) => digest.includes(':'))) {
    it(`a manifest under a digest ${what} is refused: 400 or 404`, async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      const target = manifestPath(repository, encodeURIComponent(digest).replace('%3A', ':'))
      const headers = { 'Content-Type': image.mediaType }
      const answer = await registry.send({ method: 'PUT', target, body: image.bytes, headers, followRedirects: false })

      assertStatus(answer, ...notFound)
      await assertAlive(registry)
    })

    it(`nothing is found under a digest ${what}: 400 or 404`, async () => {
      const repository = newRepository()
      await pushBlob(registry, repository, randomBlob())
      const encoded = encodeURIComponent(digest).replace('%3A', ':')

      for (const path of [blobPath(repository, encoded), manifestPath(repository, encoded)]) {
        for (const method of ['GET', 'HEAD', 'DELETE']) {
          assertStatus(await registry.send({ method, target: path, followRedirects: false }), ...notFound, 405)
        }
      }
    })
  }

  it('a blob pushed by its sha512 digest, in one PUT, is pulled by it', async () => {
    const repository = newRepository()
    const blob = withAlgorithm(randomBlob(20_000), 'sha512')
    const location = await startUpload(registry, repository)

    assertStatus(await finishUpload(registry, location, blob.digest, blob.bytes), 201)

    const answer = await registry.get(blobPath(repository, blob.digest))
    assertStatus(answer, 200)
    assertBody(answer, blob.bytes)
    // "a digest matching that of the response body", in whichever algorithm.
    assert.ok([blob.digest, digestOf(blob.bytes)].includes(requiredHeader(answer, 'docker-content-digest')))
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 200)
  })

  it('"When pushing a blob with a digest algorithm other than `sha256`, the post request SHOULD include the `digest-algorithm` parameter": chunks of a sha512 blob', async () => {
    const repository = newRepository()
    const blob = withAlgorithm(randomBlob(3000), 'sha512')
    const location = await startUpload(registry, repository, '?digest-algorithm=sha512')
    const first = await sendChunk(registry, location, blob.bytes.subarray(0, 2000), 0)
    const second = await sendChunk(registry, locationOf(first), blob.bytes.subarray(2000), 2000)

    assertStatus(await finishUpload(registry, locationOf(second), blob.digest), 201)

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('digest-algorithm=sha256 is what every upload begins with anyway', async () => {
    const repository = newRepository()
    const blob = randomBlob(3000)
    const location = await startUpload(registry, repository, '?digest-algorithm=sha256')

    assertStatus(await finishUpload(registry, location, blob.digest, blob.bytes), 201)
  })

  for (const algorithm of ['sha999', 'md5', '../sha256', '']) {
    it(`"uses an unsupported algorithm, the registry SHOULD respond with … \`400 Bad Request\`": digest-algorithm=${algorithm}`, async () => {
      const answer = await registry.post(
        `/v2/${newRepository()}/blobs/uploads/?digest-algorithm=${encodeURIComponent(algorithm)}`,
      )

      assertStatus(answer, 400)
    })
  }

  it('bytes with another sha512 digest are refused with 400', async () => {
    const repository = newRepository()
    const other = digestOf('other', 'sha512')

    assertStatus(await finishUpload(registry, await startUpload(registry, repository), other, randomBlob().bytes), 400)
    assertStatus(await registry.get(blobPath(repository, other)), 404)
  })

  describe('Lading promises', () => {
    it('the chunks of a sha512 blob may be sent without digest-algorithm', async () => {
      const repository = newRepository()
      const blob = withAlgorithm(randomBlob(3000), 'sha512')
      const patch = await sendChunk(registry, await startUpload(registry, repository), blob.bytes, 0)

      assertStatus(await finishUpload(registry, locationOf(patch), blob.digest), 201)

      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })

    it('an upload begun for sha512 may be closed with a sha256 digest', async () => {
      const repository = newRepository()
      const blob = randomBlob(3000)
      const patch = await sendChunk(
        registry,
        await startUpload(registry, repository, '?digest-algorithm=sha512'),
        blob.bytes,
        0,
      )

      assertStatus(await finishUpload(registry, locationOf(patch), blob.digest), 201)
    })

    for (const [what, digest] of invalid) {
      it(`a blob under a digest ${what} is refused with DIGEST_INVALID, in one POST or with PUT`, async () => {
        const location = await startUpload(registry, newRepository())
        assertError(await finishUpload(registry, location, digest, randomBlob().bytes), 400, 'DIGEST_INVALID')

        const single = `/v2/${newRepository()}/blobs/uploads/?digest=${encodeURIComponent(digest)}`
        assertError(await registry.post(single, randomBlob().bytes), 400, 'DIGEST_INVALID')
      })
    }
  })
})
