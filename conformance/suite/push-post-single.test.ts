/** spec, Pushing a blob monolithically: Single POST. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import { blobOf, type Content, mediaTypes, randomBlob, withAlgorithm } from './support/content.ts'
import { assertBody, assertDigest, assertStatus } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, finishUpload, locationOf } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pushing a blob with a single POST', (registry) => {
  const post = (repository: string, blob: Content, bytes: Buffer = blob.bytes): Promise<Answer> =>
    registry.post(`/v2/${repository}/blobs/uploads/?digest=${encodeURIComponent(blob.digest)}`, bytes, {
      'Content-Type': mediaTypes.octetStream,
    })

  it('"Successful completion of the request MUST return a `201 Created`" and Location "a pullable blob URL"; registries without it "SHOULD return a `202 Accepted`" to go on with PUT', async () => {
    const repository = newRepository()
    const blob = randomBlob()

    const answer = await post(repository, blob)

    assertStatus(answer, 201, 202)
    const done =
      answer.status === 201 ? answer : await finishUpload(registry, locationOf(answer), blob.digest, blob.bytes)
    assertStatus(done, 201)
    assertBody(await registry.get(locationOf(done)), blob.bytes)
  })

  it('"the `<digest>` MUST match the blob\'s digest": another digest never makes a blob', async () => {
    const repository = newRepository()
    const [blob, other] = [randomBlob(), randomBlob()]

    const answer = await post(repository, blob, other.bytes)

    assertStatus(answer, 400, 202)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    assertStatus(await registry.head(blobPath(repository, other.digest)), 404)
  })

  describe('Lading promises', () => {
    for (const [what, blob] of [
      ['some bytes', randomBlob(10_000)],
      ['a sha512 digest', withAlgorithm(randomBlob(10_000), 'sha512')],
      ['the empty blob', blobOf('')],
    ] as const) {
      it(`one POST stores ${what}: 201 with Docker-Content-Digest`, async () => {
        const repository = newRepository()

        const answer = await post(repository, blob)

        assertStatus(answer, 201)
        assertDigest(answer, blob.digest)
        assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
      })
    }

    it('one POST whose bytes have another digest is refused with 400 DIGEST_INVALID', async () => {
      const answer = await post(newRepository(), randomBlob(), randomBlob().bytes)

      assertStatus(answer, 400)
      assert.match(answer.body.toString(), /DIGEST_INVALID/)
    })

    it('one POST may stream its body without Content-Length', async () => {
      const repository = newRepository()
      const blob = randomBlob(100_000)
      const target = `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`

      assertStatus(await registry.post(target, blob.bytes, { 'Transfer-Encoding': 'chunked' }), 201)

      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })
  })
})
