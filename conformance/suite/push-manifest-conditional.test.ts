/** Conditional pushes: "Clients MAY use a conditional HTTP push for registries that support ETag conditions to avoid conflicts". */
import assert from 'node:assert/strict'

import type { Answer, Headers } from './support/client.ts'
import type { Content } from './support/content.ts'
import { assertDigest, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { manifestPath, prepareImage, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('conditional pushes of manifests', (registry) => {
  describe('Lading promises', () => {
    const putIf = (repository: string, image: Content, condition: Headers): Promise<Answer> =>
      registry.put(manifestPath(repository, 'tag'), image.bytes, { 'Content-Type': image.mediaType, ...condition })

    const etagOf = async (repository: string, image: Content): Promise<string> =>
      requiredHeader(await registry.head(manifestPath(repository, 'tag'), { Accept: image.mediaType }), 'etag')

    const assertTagIs = async (repository: string, image: Content): Promise<void> =>
      assertDigest(await registry.head(manifestPath(repository, 'tag'), { Accept: image.mediaType }), image.digest)

    it('If-Match with the current ETag replaces the tag', async () => {
      const repository = newRepository()
      const [old, image] = [await pushImage(registry, repository, 'tag'), await prepareImage(registry, repository)]

      assertStatus(await putIf(repository, image, { 'If-Match': await etagOf(repository, old) }), 201)

      await assertTagIs(repository, image)
    })

    it('If-Match with an ETag that is no longer current answers 412, and the tag stays', async () => {
      const repository = newRepository()
      const old = await pushImage(registry, repository, 'tag')
      const stale = await etagOf(repository, old)
      const current = await pushImage(registry, repository, 'tag')

      assertStatus(await putIf(repository, await prepareImage(registry, repository), { 'If-Match': stale }), 412)

      await assertTagIs(repository, current)
    })

    it('If-Match for a tag that does not exist answers 412, and the tag is not made', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      assertStatus(await putIf(repository, image, { 'If-Match': `"${image.digest}"` }), 412)
      assertStatus(await putIf(repository, image, { 'If-Match': '*' }), 412)

      assertStatus(await registry.get(manifestPath(repository, 'tag'), { Accept: image.mediaType }), 404)
    })

    it('If-Match reads lists and *', async () => {
      const repository = newRepository()
      const old = await pushImage(registry, repository, 'tag')
      const [first, second] = [await prepareImage(registry, repository), await prepareImage(registry, repository)]

      assertStatus(await putIf(repository, first, { 'If-Match': `"other", ${await etagOf(repository, old)}` }), 201)
      assertStatus(await putIf(repository, second, { 'If-Match': '*' }), 201)

      await assertTagIs(repository, second)
    })

    it('If-None-Match: * makes a new tag, and answers 412 for one that exists', async () => {
      const repository = newRepository()
      const [first, second] = [await prepareImage(registry, repository), await prepareImage(registry, repository)]

      assertStatus(await putIf(repository, first, { 'If-None-Match': '*' }), 201)
      assertStatus(await putIf(repository, second, { 'If-None-Match': '*' }), 412)

      await assertTagIs(repository, first)
    })

    it('If-None-Match with the current ETag answers 412, with another one the push goes on', async () => {
      const repository = newRepository()
      const [old, image] = [await pushImage(registry, repository, 'tag'), await prepareImage(registry, repository)]

      assertStatus(await putIf(repository, image, { 'If-None-Match': await etagOf(repository, old) }), 412)
      assertStatus(await putIf(repository, image, { 'If-None-Match': '"other"' }), 201)
    })

    it('of eight clients that make the same tag with If-None-Match: * exactly one succeeds', async () => {
      const repository = newRepository()
      const images = await Promise.all(Array.from({ length: 8 }, () => prepareImage(registry, repository)))

      const answers = await Promise.all(images.map((image) => putIf(repository, image, { 'If-None-Match': '*' })))

      const statuses = answers.map((answer) => answer.status)
      assert.deepEqual(statuses.filter((status) => status === 201).length, 1, `the answers were ${statuses.join(', ')}`)
      assert.ok(statuses.every((status) => status === 201 || status === 412))
      await assertTagIs(repository, images[statuses.indexOf(201)]!)
    })

    it('of eight clients that replace a tag with the same If-Match exactly one succeeds', async () => {
      const repository = newRepository()
      const old = await pushImage(registry, repository, 'tag')
      const etag = await etagOf(repository, old)
      const images = await Promise.all(Array.from({ length: 8 }, () => prepareImage(registry, repository)))

      const answers = await Promise.all(images.map((image) => putIf(repository, image, { 'If-Match': etag })))

      const statuses = answers.map((answer) => answer.status)
      assert.deepEqual(statuses.filter((status) => status === 201).length, 1, `the answers were ${statuses.join(', ')}`)
      await assertTagIs(repository, images[statuses.indexOf(201)]!)
    })

    it('a conditional push by digest follows the same rules', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)
      const put = (condition: Headers): Promise<Answer> =>
        registry.put(manifestPath(repository, image.digest), image.bytes, {
          'Content-Type': image.mediaType,
          ...condition,
        })

      assertStatus(await put({ 'If-Match': '*' }), 412)
      assertStatus(await put({ 'If-None-Match': '*' }), 201)
      assertStatus(await put({ 'If-None-Match': '*' }), 412)
      await pushManifest(registry, repository, image)
    })
  })
})
