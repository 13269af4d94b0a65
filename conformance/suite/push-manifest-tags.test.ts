/** spec, Pushing Manifests, end-7b: tags in the query of a push by digest. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import { type Content, withAlgorithm } from './support/content.ts'
import { assertDigest, assertRefused, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { tagsOf } from './support/pages.ts'
import { assertAlive, manifestPath, prepareImage, pushImage } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pushing tags with a digest', (registry) => {
  const putWithTags = (repository: string, image: Content, tags: readonly string[]): Promise<Answer> => {
    const query = tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&')
    return registry.put(`${manifestPath(repository, image.digest)}?${query}`, image.bytes, {
      'Content-Type': image.mediaType,
    })
  }

  const acceptedTags = (answer: Answer): readonly string[] =>
    (answer.header('oci-tag') ?? '')
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '')

  it('"MUST include an `OCI-Tag` response header … for each accepted tag": what it names can be pulled, what it does not name was not made', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)
    const tags = ['1.2.3', '1.2', '1', 'latest']

    const answer = await putWithTags(repository, image, tags)

    assertStatus(answer, 201)
    const accepted = acceptedTags(answer)
    for (const tag of tags) {
      const head = await registry.head(manifestPath(repository, tag), { Accept: image.mediaType })
      assertStatus(head, accepted.includes(tag) ? 200 : 404)
    }
  })

  it('without tags in the query no OCI-Tag is sent', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    const answer = await registry.put(manifestPath(repository, image.digest), image.bytes, {
      'Content-Type': image.mediaType,
    })

    assertStatus(answer, 201)
    assert.equal(answer.header('oci-tag'), undefined)
  })

  it('"MAY return a `414 Request-URI Too Long` status if too many tags are included" (or 431, or another refusal): 10,000 tags, readably, and the registry goes on', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    const answer = await putWithTags(
      repository,
      image,
      Array.from({ length: 10_000 }, (_, i) => `t${i}`),
    )

    if (answer.status !== 201) assertRefused(answer)
    await assertAlive(registry)
  })

  describe('Lading promises', () => {
    it('all tags of the query are made and named: 1.2.3, 1.2, 1, latest', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)
      const tags = ['1.2.3', '1.2', '1', 'latest']

      const answer = await putWithTags(repository, image, tags)

      assertStatus(answer, 201)
      assertDigest(answer, image.digest)
      assert.deepEqual([...acceptedTags(answer)].sort(), [...tags].sort())
      assert.deepEqual([...tagsOf(await registry.get(`/v2/${repository}/tags/list`))].sort(), [...tags].sort())
    })

    it('"SHOULD support pushing at least 10 tags per request"', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)
      const tags = Array.from({ length: 10 }, (_, i) => `tag-${i}`)

      const answer = await putWithTags(repository, image, tags)

      assertStatus(answer, 201)
      assert.equal(new Set(acceptedTags(answer)).size, 10)
      for (const tag of tags)
        assertDigest(await registry.head(manifestPath(repository, tag), { Accept: image.mediaType }), image.digest)
    })

    it('tags move to the pushed manifest, and a tag given twice is made once', async () => {
      const repository = newRepository()
      await pushImage(registry, repository, 'moving')
      const image = await prepareImage(registry, repository)

      const answer = await putWithTags(repository, image, ['moving', 'moving'])

      assertStatus(answer, 201)
      assertDigest(await registry.head(manifestPath(repository, 'moving'), { Accept: image.mediaType }), image.digest)
    })

    it('tags are made for a sha512 digest too', async () => {
      const repository = newRepository()
      const image = withAlgorithm(await prepareImage(registry, repository), 'sha512')

      const answer = await putWithTags(repository, image, ['by-sha512'])

      assertStatus(answer, 201)
      assert.equal(requiredHeader(answer, 'oci-tag'), 'by-sha512')
      assertStatus(await registry.get(manifestPath(repository, 'by-sha512'), { Accept: image.mediaType }), 200)
    })

    for (const tag of ['-dash', '../up', 'a b', 'x'.repeat(129), 'café', '']) {
      it(`an invalid tag in the query refuses the whole push with 400: ${JSON.stringify(tag.slice(0, 20))}`, async () => {
        const repository = newRepository()
        const image = await prepareImage(registry, repository)

        assertStatus(await putWithTags(repository, image, ['good', tag]), 400)

        assertStatus(await registry.get(manifestPath(repository, 'good'), { Accept: image.mediaType }), 404)
      })
    }

    it('10,000 tags are refused with 414, 431 or 400, and none is made', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      const answer = await putWithTags(
        repository,
        image,
        Array.from({ length: 10_000 }, (_, i) => `t${i}`),
      )

      assertStatus(answer, 414, 431, 400)
      assertStatus(await registry.get(manifestPath(repository, 't0'), { Accept: image.mediaType }), 404)
    })

    it('more tags than a request may have, in a URL of ordinary length, are refused whole or made whole', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)
      const tags = Array.from({ length: 500 }, (_, i) => `t${i}`)

      const answer = await putWithTags(repository, image, tags)

      assertStatus(answer, 201, 400, 414, 431)
      const made = await registry.get(`/v2/${repository}/tags/list`)
      assert.equal(made.status === 404 ? 0 : tagsOf(made).length, answer.status === 201 ? 500 : 0)
    })
  })
})
