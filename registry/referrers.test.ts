import assert from 'node:assert/strict'
import { digestOf, type Digest } from './digest.ts'
import {
  app,
  configType,
  describeBytes,
  imageBytes,
  indexBytes,
  keysOf,
  pushImage,
  pushImageBlobs,
  pushManifest,
} from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { descriptors, listed, signature, subject } from './fixtures/referrers.ts'
import { referrerKey, revisionLinkKey } from './layout.ts'
import { ociManifestType } from './manifest.ts'
import { parseRepositoryName } from './names.ts'

describeOnDrivers('referrers', (driver) => {
  it('are listed from the moment of their push, with all that a list tells of them', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    assert.deepEqual(await listed(registry), [])
    const bytes = signature('one')
    const digest = await pushManifest(registry, app, bytes)
    const plain = imageBytes({ subject })
    const plainDigest = await pushManifest(registry, app, plain)
    const index = indexBytes([], { subject })
    const indexDigest = await pushManifest(registry, app, index)
    const expected = [
      {
        mediaType: ociManifestType,
        digest,
        size: bytes.length,
        artifactType: 'application/vnd.example.signature',
        annotations: { name: 'one' },
      },
      { mediaType: ociManifestType, digest: plainDigest, size: plain.length, artifactType: configType },
      { mediaType: 'application/vnd.oci.image.index.v1+json', digest: indexDigest, size: index.length },
    ]
    assert.deepEqual(await descriptors(registry), inOrder(expected))
    assert.deepEqual(await descriptors(openRegistry(driver())), inOrder(expected))
  })

  it('belong to their repository and to their subject', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    await pushManifest(registry, app, signature('one'))
    assert.deepEqual(
      await Array.fromAsync(registry.referrers.list(parseRepositoryName('other'), subject.digest, {})),
      [],
    )
    assert.deepEqual(await Array.fromAsync(registry.referrers.list(app, digestOf(Buffer.from('x')), {})), [])
  })

  it('are filtered by artifact type', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const digest = await pushManifest(registry, app, signature('one'))
    await pushManifest(registry, app, signature('two', { artifactType: 'application/vnd.example.sbom' }))
    assert.deepEqual(await listed(registry, { artifactType: 'application/vnd.example.signature' }), [digest])
    assert.deepEqual(await listed(registry, { artifactType: 'application/vnd.example' }), [])
    assert.equal((await listed(registry)).length, 2)
  })

  it('are paged in the order of their digests, behind any digest', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const digests: Digest[] = []
    for (let count = 0; count < 12; count++) {
      const bytes = signature(String(count))
      const push = {
        bytes,
        contentType: undefined,
        tags: [],
        digest: digestOf(bytes, count % 3 === 0 ? 'sha512' : 'sha256'),
      }
      digests.push((await registry.manifests.put(app, push)).digest)
    }
    digests.sort()
    assert.deepEqual(await listed(registry), digests)
    for (const after of [...digests, 'sha256:', `sha256:${'8'.repeat(64)}`, 'sha512:', 'zzz', '']) {
      assert.deepEqual(
        await listed(registry, { after }),
        digests.filter((digest) => digest > after),
        after,
      )
    }
  })

  it('are gone when they were deleted, whether by themselves or with their repository', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const [one, two] = [
      await pushManifest(registry, app, signature('one')),
      await pushManifest(registry, app, signature('two')),
    ]
    await registry.manifests.delete(app, one)
    assert.deepEqual(await listed(registry), [two])
    assert.equal((await keysOf(driver())).filter((key) => key.includes('_referrers')).length, 1)
    await registry.repositories.delete(app)
    assert.deepEqual(await listed(registry), [])
  })

  it('stay when their subject is deleted, as it need not exist', async () => {
    const registry = openRegistry(driver())
    const digest = await pushImage(registry, app, 'subject', 'latest')
    assert.equal(digest, subject.digest)
    const referrer = await pushManifest(registry, app, signature('one'))
    await registry.manifests.delete(app, digest)
    assert.deepEqual(await listed(registry), [referrer])
  })

  it('an entry whose manifest is gone, as an older registry deletes it, does not count', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const digest = await pushManifest(registry, app, signature('one'))
    await driver().delete(revisionLinkKey(app, digest))
    assert.deepEqual(await listed(registry), [])
  })

  it('an entry that is torn is healed by reading the manifest, and reported', async () => {
    const whole = openRegistry(driver())
    await pushImageBlobs(whole, app)
    const digest = await pushManifest(whole, app, signature('one'))
    const expected = await descriptors(whole)
    const key = referrerKey(app, subject.digest, digest)
    for (const torn of ['', '{"mediaType":', '\0\0\0', 'null', '[]', '5', '{}', '{"digest":1}']) {
      await driver().write(key, Buffer.from(torn))
      const registry = openRegistry(driver())
      assert.deepEqual(await descriptors(registry), expected, torn)
      assert.deepEqual(
        registry.logged.map(({ level, fields }) => [level, fields.key]),
        [['warn', key]],
      )
    }
    await pushManifest(whole, app, signature('one'))
    const healed = openRegistry(driver())
    assert.deepEqual(await descriptors(healed), expected)
    assert.deepEqual(healed.logged, [])
  })

  it('a torn entry of a manifest with another subject does not count', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const other = await pushManifest(registry, app, signature('one', { subject: describeBytes(Buffer.from('x')) }))
    await driver().write(referrerKey(app, subject.digest, other), Buffer.from(''))
    assert.deepEqual(await listed(registry), [])
  })
})

function inOrder<T extends { digest: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.digest < b.digest ? -1 : 1))
}
