/** spec, Content Management: deleting tags, manifests and blobs. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import { randomBlob, randomDigest } from './support/content.ts'
import { assertBody, assertDigest, assertStatus } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { tagsOf } from './support/pages.ts'
import { blobPath, manifestPath, pushBlob, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('deleting', (registry) => {
  /** "If deletion is disabled, the registry MUST respond with either a `400 Bad Request` or a `405 Method Not Allowed`": then the rest is skipped. */
  const isDisabled = (answer: Answer): boolean => {
    assertStatus(answer, 202, 400, 405)
    return answer.status !== 202
  }

  describe('a tag', () => {
    it('"Upon success, the registry MUST respond with a `202 Accepted` code", and "a `GET` to `/v2/<name>/manifests/<tag>` will return a 404"', async function () {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)

      if (isDisabled(await registry.delete(manifestPath(repository, tag)))) this.skip()

      assertStatus(await registry.get(manifestPath(repository, tag), { Accept: image.mediaType }), 404)
      assertStatus(await registry.head(manifestPath(repository, tag), { Accept: image.mediaType }), 404)
    })

    it('the manifest and its other tags stay', async function () {
      const [repository, tag, other] = [newRepository(), newTag(), newTag()]
      const image = await pushImage(registry, repository, tag, other)

      if (isDisabled(await registry.delete(manifestPath(repository, tag)))) this.skip()

      for (const reference of [other, image.digest]) {
        assertBody(await registry.get(manifestPath(repository, reference), { Accept: image.mediaType }), image.bytes)
      }
      assert.deepEqual(tagsOf(await registry.get(`/v2/${repository}/tags/list`)), [other])
    })

    it('a tag that does not exist is 404', async () => {
      const repository = newRepository()
      await pushImage(registry, repository, newTag())

      assertStatus(await registry.delete(manifestPath(repository, newTag())), 404, 400, 405)
    })

    it('a deleted tag can be pushed again', async function () {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)
      if (isDisabled(await registry.delete(manifestPath(repository, tag)))) this.skip()

      await pushManifest(registry, repository, image, tag)

      assertDigest(await registry.head(manifestPath(repository, tag), { Accept: image.mediaType }), image.digest)
    })
  })

  describe('a manifest', () => {
    it('"Upon success, the registry MUST respond with a `202 Accepted` code", and "a `GET` to `/v2/<name>/manifests/<digest>` and any tag pointing to that digest will return a 404"', async function () {
      const [repository, first, second] = [newRepository(), newTag(), newTag()]
      const image = await pushImage(registry, repository, first, second)

      if (isDisabled(await registry.delete(manifestPath(repository, image.digest)))) this.skip()

      for (const reference of [image.digest, first, second]) {
        assertStatus(await registry.get(manifestPath(repository, reference), { Accept: image.mediaType }), 404)
        assertStatus(await registry.head(manifestPath(repository, reference), { Accept: image.mediaType }), 404)
      }
    })

    it('the tags of a deleted manifest are listed no more, other tags still are', async function () {
      const repository = newRepository()
      const image = await pushImage(registry, repository, 'gone-1', 'gone-2')
      await pushImage(registry, repository, 'stays')

      if (isDisabled(await registry.delete(manifestPath(repository, image.digest)))) this.skip()

      assert.deepEqual(tagsOf(await registry.get(`/v2/${repository}/tags/list`)), ['stays'])
    })

    it('a tag that has moved on stays when the manifest it once had is deleted', async function () {
      const [repository, tag] = [newRepository(), newTag()]
      const old = await pushImage(registry, repository, tag)
      const current = await pushImage(registry, repository, tag)

      if (isDisabled(await registry.delete(manifestPath(repository, old.digest)))) this.skip()

      assertDigest(await registry.head(manifestPath(repository, tag), { Accept: current.mediaType }), current.digest)
    })

    it('"If the repository does not exist, the response MUST return `404 Not Found`"', async () => {
      assertStatus(await registry.delete(manifestPath(newRepository(), randomDigest())), 404)
    })

    it('a manifest that does not exist is 404', async () => {
      const repository = newRepository()
      await pushImage(registry, repository)

      assertStatus(await registry.delete(manifestPath(repository, randomDigest())), 404, 400, 405)
    })

    it('a manifest deleted twice is 404 the second time', async function () {
      const repository = newRepository()
      const image = await pushImage(registry, repository)
      if (isDisabled(await registry.delete(manifestPath(repository, image.digest)))) this.skip()

      assertStatus(await registry.delete(manifestPath(repository, image.digest)), 404)
    })

    it('a deleted manifest can be pushed again, its blobs are still there', async function () {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)
      if (isDisabled(await registry.delete(manifestPath(repository, image.digest)))) this.skip()

      await pushManifest(registry, repository, image, tag)

      assertBody(await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType }), image.bytes)
    })

    it('the same manifest in another repository stays', async function () {
      const repository = newRepository()
      const image = await pushImage(registry, repository)
      const { config, layers } = JSON.parse(image.bytes.toString()) as {
        config: { digest: string }
        layers: { digest: string }[]
      }
      const other = newRepository()
      for (const { digest } of [config, ...layers]) {
        const bytes = (await registry.get(blobPath(repository, digest))).body
        await pushBlob(registry, other, { mediaType: '', digest, bytes })
      }
      await pushManifest(registry, other, image)

      if (isDisabled(await registry.delete(manifestPath(repository, image.digest)))) this.skip()

      assertBody(await registry.get(manifestPath(other, image.digest), { Accept: image.mediaType }), image.bytes)
    })
  })

  describe('a blob', () => {
    it('"Upon success, the registry MUST respond with code `202 Accepted`", and the blob is gone', async function () {
      const repository = newRepository()
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)

      if (isDisabled(await registry.delete(blobPath(repository, blob.digest)))) this.skip()

      assertStatus(await registry.get(blobPath(repository, blob.digest)), 404)
      assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    })

    it('"If the blob is not found, a `404 Not Found` code MUST be returned"', async () => {
      const repository = newRepository()
      await pushBlob(registry, repository, randomBlob())

      assertStatus(await registry.delete(blobPath(repository, randomDigest())), 404)
      assertStatus(await registry.delete(blobPath(newRepository(), randomDigest())), 404)
    })

    it('the same blob in another repository stays', async function () {
      const [repository, other] = [newRepository(), newRepository()]
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)
      await pushBlob(registry, other, blob)

      if (isDisabled(await registry.delete(blobPath(repository, blob.digest)))) this.skip()

      assertBody(await registry.get(blobPath(other, blob.digest)), blob.bytes)
    })

    it('a deleted blob can be pushed again', async function () {
      const repository = newRepository()
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)
      if (isDisabled(await registry.delete(blobPath(repository, blob.digest)))) this.skip()

      await pushBlob(registry, repository, blob)

      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })
  })
})
