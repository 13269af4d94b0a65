/** Pulling manifests: content negotiation, caching and conditions, beyond what the specification asks. */
import assert from 'node:assert/strict'

import { mediaTypes } from './support/content.ts'
import { assertBody, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { manifestPath, prepareImage, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pulling manifests, beyond the text', (registry) => {
  describe('Lading promises', () => {
    const accepts = [
      undefined,
      '*/*',
      'application/*',
      'application/json',
      mediaTypes.dockerManifest,
      mediaTypes.ociIndex,
      `${mediaTypes.dockerList}, ${mediaTypes.dockerManifest};q=0.5`,
      'text/html',
      'nonsense',
    ]
    for (const accept of accepts) {
      it(`Accept never turns stored content into a 404: ${accept ?? 'none at all'}`, async () => {
        const [repository, tag] = [newRepository(), newTag()]
        const image = await pushImage(registry, repository, tag)
        const headers = accept === undefined ? {} : { Accept: accept }

        for (const reference of [tag, image.digest]) {
          const answer = await registry.get(manifestPath(repository, reference), headers)
          assertStatus(answer, 200)
          assertBody(answer, image.bytes)
          assert.equal(answer.header('content-type'), image.mediaType)
          assertStatus(await registry.head(manifestPath(repository, reference), headers), 200)
        }
      })
    }

    it('a manifest has a strong ETag of its digest, and If-None-Match with it answers 304 without a body', async () => {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)

      for (const reference of [tag, image.digest]) {
        const path = manifestPath(repository, reference)
        const etag = requiredHeader(await registry.get(path, { Accept: image.mediaType }), 'etag')
        assert.equal(etag, `"${image.digest}"`)

        const answer = await registry.get(path, { Accept: image.mediaType, 'If-None-Match': etag })
        assertStatus(answer, 304)
        assert.equal(answer.body.length, 0)
        assert.equal(answer.header('etag'), etag)
        assertStatus(await registry.head(path, { Accept: image.mediaType, 'If-None-Match': etag }), 304)
      }
    })

    it('If-None-Match with the ETag of what the tag no longer points to answers 200 with the new manifest', async () => {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)
      const etag = requiredHeader(
        await registry.get(manifestPath(repository, tag), { Accept: image.mediaType }),
        'etag',
      )
      const newer = await prepareImage(registry, repository)
      await pushManifest(registry, repository, newer, tag)

      const answer = await registry.get(manifestPath(repository, tag), {
        Accept: image.mediaType,
        'If-None-Match': etag,
      })

      assertStatus(answer, 200)
      assertBody(answer, newer.bytes)
    })

    it('If-Match answers 412 once the tag points to something else, and by digest for any other', async () => {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)
      const newer = await prepareImage(registry, repository)
      const headers = { Accept: image.mediaType, 'If-Match': `"${image.digest}"` }
      assertBody(await registry.get(manifestPath(repository, tag), headers), image.bytes)
      await pushManifest(registry, repository, newer, tag)

      for (const reference of [tag, newer.digest]) {
        assertStatus(await registry.get(manifestPath(repository, reference), headers), 412)
        assertStatus(await registry.head(manifestPath(repository, reference), headers), 412)
      }
      assertStatus(await registry.get(manifestPath(repository, image.digest), headers), 200)
    })

    it('by digest a manifest may be cached for ever (immutable), by tag never', async () => {
      const [repository, tag] = [newRepository(), newTag()]
      const image = await pushImage(registry, repository, tag)

      const byDigest = await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType })
      const byTag = await registry.get(manifestPath(repository, tag), { Accept: image.mediaType })

      assert.match(requiredHeader(byDigest, 'cache-control'), /immutable/)
      assert.doesNotMatch(byTag.header('cache-control') ?? '', /immutable/)
    })

    it('a manifest comes with Content-Length, not chunked, and never with a Content-Encoding', async () => {
      const repository = newRepository()
      const image = await pushImage(registry, repository)

      const answer = await registry.get(manifestPath(repository, image.digest), {
        Accept: image.mediaType,
        'Accept-Encoding': 'gzip, zstd, br',
      })

      assert.equal(answer.header('content-length'), String(image.bytes.length))
      assert.equal(answer.header('transfer-encoding'), undefined)
      assert.equal(answer.header('content-encoding'), undefined)
      assertBody(answer, image.bytes)
    })
  })
})
