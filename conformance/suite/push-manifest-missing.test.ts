/** Manifests that refer to what is not there. */
import assert from 'node:assert/strict'

import { type Content, imageIndex, imageManifest, randomConfig, randomLayer } from './support/content.ts'
import { assertError, assertStatus, errorsOf } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { manifestPath, pushBlob, pushBlobs, pushImage, putManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('manifests that refer to missing content', (registry) => {
  describe('Lading promises', () => {
    const assertMissing = async (repository: string, manifest: Content, missing: readonly string[]): Promise<void> => {
      const answer = await putManifest(registry, repository, manifest, 'incomplete')

      assert.ok([400, 404].includes(answer.status), `got ${answer.status}`)
      assertError(answer, answer.status, 'MANIFEST_BLOB_UNKNOWN')
      const entries = errorsOf(answer).map((entry) => JSON.stringify(entry))
      assert.equal(entries.length, missing.length)
      for (const digest of missing) assert.equal(entries.filter((entry) => entry.includes(digest)).length, 1, digest)
      assertStatus(await registry.get(manifestPath(repository, 'incomplete')), 404)
      assertStatus(await registry.get(manifestPath(repository, manifest.digest), { Accept: manifest.mediaType }), 404)
    }

    it('one MANIFEST_BLOB_UNKNOWN for each missing digest, that names it, and nothing is stored', async () => {
      const [config, first, second] = [randomConfig(), randomLayer(), randomLayer()]

      await assertMissing(newRepository(), imageManifest(config, [first, second]), [
        config.digest,
        first.digest,
        second.digest,
      ])
    })

    it('only what is missing is named', async () => {
      const repository = newRepository()
      const [config, present, missing] = [randomConfig(), randomLayer(), randomLayer()]
      await pushBlobs(registry, repository, [config, present])

      await assertMissing(repository, imageManifest(config, [present, missing]), [missing.digest])
    })

    it('a digest that is missing twice is named once', async () => {
      const repository = newRepository()
      const [config, missing] = [randomConfig(), randomLayer()]
      await pushBlob(registry, repository, config)

      await assertMissing(repository, imageManifest(config, [missing, missing]), [missing.digest])
    })

    it('an index names each missing child', async () => {
      const repository = newRepository()
      const present = await pushImage(registry, repository)
      const missing = [imageManifest(randomConfig(), []), imageManifest(randomConfig(), [])]

      await assertMissing(
        repository,
        imageIndex([present, ...missing]),
        missing.map((child) => child.digest),
      )
    })

    it('a blob that only another repository has is missing', async () => {
      const [other, repository] = [newRepository(), newRepository()]
      const [config, layer] = [randomConfig(), randomLayer()]
      await pushBlob(registry, other, layer)
      await pushBlob(registry, repository, config)

      await assertMissing(repository, imageManifest(config, [layer]), [layer.digest])
    })

    it('once the missing blob is pushed, the manifest is accepted', async () => {
      const repository = newRepository()
      const [config, layer] = [randomConfig(), randomLayer()]
      await pushBlob(registry, repository, config)
      const image = imageManifest(config, [layer])
      assert.notEqual((await putManifest(registry, repository, image)).status, 201)
      await pushBlob(registry, repository, layer)

      assertStatus(await putManifest(registry, repository, image), 201)
    })
  })
})
