/** spec, Mounting a blob from another repository. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import { type Content, randomBlob, randomDigest, withAlgorithm } from './support/content.ts'
import { assertBody, assertDigest, assertStatus } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, finishUpload, locationOf, pushBlob } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('mounting a blob from another repository', (registry) => {
  const mount = (into: string, digest: string, from?: string): Promise<Answer> => {
    const source = from === undefined ? '' : `&from=${encodeURIComponent(from)}`
    return registry.post(`/v2/${into}/blobs/uploads/?mount=${encodeURIComponent(digest)}${source}`)
  }

  /** Whatever the registry answered, the blob is in the repository afterwards. */
  const assertUsable = async (answer: Answer, into: string, blob: Content): Promise<void> => {
    assertStatus(answer, 201, 202)
    const done =
      answer.status === 201 ? answer : await finishUpload(registry, locationOf(answer), blob.digest, blob.bytes)
    assertStatus(done, 201)
    assertBody(await registry.get(locationOf(done)), blob.bytes)
    assertBody(await registry.get(blobPath(into, blob.digest)), blob.bytes)
  }

  it('"The response to a successful mount MUST be `201 Created`", and Location "the registry URL to access the accepted layer file"; without one "it SHOULD return a `202`"', async () => {
    const [from, into] = [newRepository(), newRepository()]
    const blob = randomBlob()
    await pushBlob(registry, from, blob)

    await assertUsable(await mount(into, blob.digest, from), into, blob)
  })

  it('"The registry MAY treat the `from` parameter as optional, and it MAY cross-mount the blob if it can be found"', async () => {
    const [from, into] = [newRepository(), newRepository()]
    const blob = randomBlob()
    await pushBlob(registry, from, blob)

    await assertUsable(await mount(into, blob.digest), into, blob)
  })

  it('"is unable to mount the requested blob, it SHOULD return a `202`. This indicates that the upload session has begun": the blob is not in the other repository', async () => {
    const [from, into] = [newRepository(), newRepository()]
    await pushBlob(registry, from, randomBlob())
    const blob = randomBlob()

    const answer = await mount(into, blob.digest, from)

    assertStatus(answer, 202)
    await assertUsable(answer, into, blob)
  })

  it('"is unable to mount the requested blob, it SHOULD return a `202`": the other repository does not exist', async () => {
    const into = newRepository()
    const blob = randomBlob()

    const answer = await mount(into, blob.digest, newRepository())

    assertStatus(answer, 202)
    await assertUsable(answer, into, blob)
  })

  it('a blob that is nowhere cannot be mounted without `from` either: 202', async () => {
    const into = newRepository()
    const blob = randomBlob()

    const answer = await mount(into, blob.digest)

    assertStatus(answer, 202)
    await assertUsable(answer, into, blob)
  })

  it('a mount with an invalid digest is refused with 400, or begins an upload', async () => {
    const from = newRepository()
    await pushBlob(registry, from, randomBlob())

    assertStatus(await mount(newRepository(), 'sha256:short', from), 400, 202)
  })

  describe('Lading promises', () => {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      it(`a ${algorithm} blob of another repository is mounted: 201 with Docker-Content-Digest, and pulled from there`, async () => {
        const [from, into] = [newRepository(), newRepository()]
        const blob = withAlgorithm(randomBlob(), algorithm)
        await pushBlob(registry, from, blob)

        const answer = await mount(into, blob.digest, from)

        assertStatus(answer, 201)
        assertDigest(answer, blob.digest)
        assertBody(await registry.get(blobPath(into, blob.digest)), blob.bytes)
      })
    }

    it('a blob that some repository has is mounted without `from`: 201', async () => {
      const [from, into] = [newRepository(), newRepository()]
      const blob = randomBlob()
      await pushBlob(registry, from, blob)

      assertStatus(await mount(into, blob.digest), 201)

      assertBody(await registry.get(blobPath(into, blob.digest)), blob.bytes)
    })

    it('a blob that the repository has already is mounted from itself: 201', async () => {
      const repository = newRepository()
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)

      assertStatus(await mount(repository, blob.digest, repository), 201)
    })

    it('a `from` that is no valid name begins an upload, or is refused with 400; never a fault', async () => {
      for (const from of ['../../etc', 'UPPER', '', 'a//b', 'a%00b']) {
        assertStatus(await mount(newRepository(), randomDigest(), from), 202, 400)
      }
    })

    it('the mounted blob stays when it is deleted from where it came', async () => {
      const [from, into] = [newRepository(), newRepository()]
      const blob = randomBlob()
      await pushBlob(registry, from, blob)
      await mount(into, blob.digest, from)

      const deleted = await registry.delete(blobPath(from, blob.digest))

      assertStatus(deleted, 202)
      assertBody(await registry.get(blobPath(into, blob.digest)), blob.bytes)
      assert.equal((await registry.head(blobPath(from, blob.digest))).status, 404)
    })
  })
})
