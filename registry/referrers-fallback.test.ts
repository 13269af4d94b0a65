import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { digestOf } from './digest.ts'
import {
  app,
  describeBytes,
  hexIn,
  imageBytes,
  indexBytes,
  pushImage,
  pushImageBlobs,
  pushManifest,
} from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { listed, signature, subject } from './fixtures/referrers.ts'
import { referrerKey, revisionLinkKey } from './layout.ts'
import { ociManifestType } from './manifest.ts'
import { referrersTag } from './referrers.ts'

describeOnDrivers('the fallback tag of referrers', (driver) => {
  it('is the algorithm, a dash, and at most 64 digits', () => {
    const hex = hexIn(subject.digest)
    assert.equal(referrersTag(subject.digest), `sha256-${hex}`)
    const sha512 = digestOf(Buffer.from('x'), 'sha512')
    assert.equal(referrersTag(sha512), `sha512-${hexIn(sha512).slice(0, 64)}`)
  })

  it('is merged with what the registry knows, without duplicates, in order', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const bytes = ['one', 'two', 'three', 'four'].map((name) => signature(name))
    const digests = []
    for (const each of bytes) digests.push(await pushManifest(registry, app, each))
    // As if two of them had been pushed to an older registry.
    for (const digest of digests.slice(0, 2)) await driver().delete(referrerKey(app, subject.digest, digest))
    const entries = [...bytes, ...bytes].map((each) => describeBytes(each, ociManifestType))
    await pushManifest(registry, app, indexBytes(entries), referrersTag(subject.digest))
    assert.deepEqual(await listed(registry), digests.sort())
    assert.deepEqual(await listed(registry, { after: digests[1] }), digests.slice(2))
    assert.deepEqual(await listed(registry, { artifactType: 'a/b' }), [])
  })

  it('counts only for what is in the repository and names the subject', async () => {
    const registry = openRegistry(driver(), { rules: { requiredPlatforms: 'none', urls: { allow: [], deny: [] } } })
    await pushImageBlobs(registry, app)
    const unrelated = imageBytes({ annotations: { name: 'unrelated' } })
    await pushManifest(registry, app, unrelated)
    const entries = [
      describeBytes(unrelated, ociManifestType),
      describeBytes(signature('never pushed'), ociManifestType),
    ]
    await pushManifest(registry, app, indexBytes(entries), referrersTag(subject.digest))
    assert.deepEqual(await listed(registry), [])
  })

  it('that points at an image, or at nothing, is harmless', async () => {
    const registry = openRegistry(driver())
    const image = await pushImage(registry, app, 'image', referrersTag(subject.digest))
    const referrer = await pushManifest(registry, app, signature('one'))
    assert.deepEqual(await listed(registry), [referrer])
    await driver().delete(revisionLinkKey(app, image))
    assert.deepEqual(await listed(registry), [referrer])
  })
})

describe('merging referrers', () => {
  it('of any entries and any fallback tag gives every referrer once, in order, from any point', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const all = names.map((name) => signature(name))
    const subset = fc.subarray(all)
    await fc.assert(
      fc.asyncProperty(subset, subset, fc.option(fc.constantFrom(...all)), async (indexed, tagged, start) => {
        const driver = openMemoryDriver()
        const registry = openRegistry(driver)
        await pushImageBlobs(registry, app)
        for (const bytes of [...indexed, ...tagged]) await pushManifest(registry, app, bytes)
        const onlyTagged = tagged.filter((bytes) => !indexed.includes(bytes))
        for (const bytes of onlyTagged) await driver.delete(referrerKey(app, subject.digest, digestOf(bytes)))
        await pushManifest(
          registry,
          app,
          indexBytes(tagged.map((bytes) => describeBytes(bytes, ociManifestType))),
          referrersTag(subject.digest),
        )
        const after = start === null ? undefined : digestOf(start)
        const expected = [...new Set([...indexed, ...tagged].map((bytes) => digestOf(bytes)))]
          .filter((digest) => after === undefined || digest > after)
          .sort()
        assert.deepEqual(await listed(registry, { after }), expected)
      }),
      { numRuns: 50 },
    )
  })
})
