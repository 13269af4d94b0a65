import assert from 'node:assert/strict'
import { digestOf, type Digest } from './digest.ts'
import {
  app,
  chunksOf,
  imageBytes,
  jsonBytes,
  latest,
  layer,
  pushBlob,
  pushImageBlobs,
  pushManifest,
  readBlob,
  writeText,
} from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { oldKeys, writeOldBlob, writeOldImage } from './fixtures/old-tree.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { ociIndexType, ociManifestType } from './manifest.ts'
import { parseTag, parseUploadId } from './names.ts'
import { reindexReferrers } from './reindex.ts'

const name = 'team/app'
const digest = digestOf(layer)

describeOnDrivers('a tree that CNCF distribution wrote', (driver, isRemote) => {
  it('is served at once: tags, manifests, blobs and the catalog', async () => {
    const image = await writeOldImage(driver(), name, 'latest')
    const registry = openRegistry(driver())
    const stored = { digest: image, mediaType: ociManifestType, bytes: imageBytes() }
    assert.deepEqual(await registry.manifest(app, latest), stored)
    assert.deepEqual(await registry.manifest(app, image), stored)
    assert.deepEqual(await readBlob(registry, app, digest), layer)
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), ['latest'])
    assert.deepEqual(await Array.fromAsync(registry.repositories.list()), ['team/app'])
    assert.deepEqual(registry.logged, [])
  })

  it('a manifest that does not name its media type has the one that its content tells', async () => {
    const image = await writeOldImage(driver(), name, 'image', imageBytes({ mediaType: undefined }))
    const index = await writeOldImage(driver(), name, 'index', jsonBytes({ schemaVersion: 2, manifests: [] }))
    const registry = openRegistry(driver())
    assert.equal((await registry.manifest(app, image))?.mediaType, ociManifestType)
    assert.equal((await registry.manifest(app, index))?.mediaType, ociIndexType)
  })

  it('a manifest that we would no longer accept is served as it is, and can be deleted', async () => {
    const repeated = Buffer.from(imageBytes().toString().replace('{', '{"schemaVersion":2,'))
    const nested = imageBytes({ extra: JSON.parse('['.repeat(80) + ']'.repeat(80)) })
    for (const bytes of [repeated, nested, imageBytes({ layers: [{ digest: 'md5:abc' }] })]) {
      const image = await writeOldImage(driver(), name, 'latest', bytes)
      const registry = openRegistry(driver())
      assert.deepEqual((await registry.manifest(app, latest))?.bytes, bytes)
      assert.equal(await registry.manifests.delete(app, image), true)
      assert.equal(await registry.manifest(app, latest), undefined)
    }
  })

  it('a sha512 link that leads to sha256 content is followed', async () => {
    await writeOldBlob(driver(), name, layer)
    const sha512 = digestOf(layer, 'sha512')
    await writeText(driver(), oldKeys.layer(name, sha512), digest)
    const registry = openRegistry(driver())
    assert.equal((await registry.blob(app, sha512))?.digest, sha512)
    assert.deepEqual(await readBlob(registry, app, sha512), layer)
    const image = imageBytes({ layers: [{ mediaType: 'a/b', digest: sha512, size: layer.length }] })
    await pushImageBlobs(registry, app)
    await pushManifest(registry, app, image, 'latest')
    assert.ok(await registry.manifest(app, latest))
  })

  const brokenLinks: Record<string, string> = {
    empty: '',
    torn: digest.slice(0, 30),
    'full of zeros': '\0'.repeat(71),
    'a digest with more behind it': `${digest}abc`,
    'another algorithm': `md5:${'a'.repeat(32)}`,
  }
  for (const [what, content] of Object.entries(brokenLinks)) {
    it(`a link that is ${what} counts as absent, is reported once, and is healed by the next push`, async () => {
      const image = await writeOldImage(driver(), name, 'latest')
      const broken = [oldKeys.layer(name, digest), oldKeys.revision(name, image), oldKeys.current(name, 'latest')]
      for (const key of broken) await writeText(driver(), key, content)
      const registry = openRegistry(driver())
      for (const _ of [1, 2, 3]) {
        assert.equal(await registry.blob(app, digest), undefined)
        assert.equal(await registry.manifest(app, image), undefined)
        assert.equal(await registry.manifest(app, latest), undefined)
      }
      assert.deepEqual(
        registry.logged.map(({ level, fields }) => [level, fields.key]),
        broken.map((key) => ['warn', key]),
      )

      await pushBlob(registry, app, layer)
      await pushManifest(registry, app, imageBytes(), 'latest')
      assert.deepEqual(await readBlob(registry, app, digest), layer)
      assert.equal((await registry.manifest(app, latest))?.digest, image)
      for (const key of broken) assert.match((await driver().get(key))?.bytes.toString() ?? '', /^sha256:[0-9a-f]{64}$/)
    })
  }

  it('a link with a newline, as an operator leaves it, is read', async () => {
    const image = await writeOldImage(driver(), name, 'latest')
    for (const newline of ['\n', '\r\n']) {
      await writeText(driver(), oldKeys.layer(name, digest), digest + newline)
      await writeText(driver(), oldKeys.revision(name, image), image + newline)
      await writeText(driver(), oldKeys.current(name, 'latest'), image + newline)
      const registry = openRegistry(driver())
      assert.equal((await registry.manifest(app, latest))?.digest, image)
      assert.deepEqual(await readBlob(registry, app, digest), layer)
    }
  })

  it('content of no length counts as absent, and is healed by the next push', async () => {
    const image = await writeOldImage(driver(), name, 'latest')
    for (const content of [digest, image]) await writeText(driver(), oldKeys.data(content), '')
    const registry = openRegistry(driver())
    assert.equal(await registry.blob(app, digest), undefined)
    assert.equal(await registry.manifest(app, latest), undefined)
    // Where every look is a request, a link is believed: S3 keeps no half-written objects.
    if (!isRemote) {
      await assert.rejects(pushManifest(registry, app, imageBytes(), 'latest'), { code: 'MANIFEST_BLOB_UNKNOWN' })
    }
    await pushBlob(registry, app, layer)
    await pushManifest(registry, app, imageBytes(), 'latest')
    assert.deepEqual(await readBlob(registry, app, digest), layer)
    assert.ok(await registry.manifest(app, latest))
  })

  it('the empty blob is no torn one', async () => {
    const empty = await writeOldBlob(driver(), name, Buffer.alloc(0))
    assert.equal((await openRegistry(driver()).blob(app, empty))?.size, 0)
  })

  it('content of a wrong length or with wrong bytes is repaired by the next push of it', async () => {
    await writeOldBlob(driver(), name, layer)
    for (const damaged of [layer.subarray(0, 5), Buffer.alloc(layer.length), Buffer.concat([layer, layer])]) {
      await driver().write(oldKeys.data(digest), damaged)
      await pushBlob(openRegistry(driver()), app, layer)
      assert.deepEqual(await readBlob(openRegistry(driver()), app, digest), layer)
    }
  })

  it('a schema 1 manifest with its signatures is served by what it is, disturbs no index, and can be deleted', async () => {
    const schema1 = jsonBytes({
      schemaVersion: 1,
      name,
      tag: 'old',
      fsLayers: [{ blobSum: digest }],
      history: [],
      signatures: [{}],
    })
    const image = await writeOldImage(driver(), name, 'old', schema1)
    const signature = digestOf(Buffer.from('signature'))
    const signatures = oldKeys.revision(name, image).replace(/link$/, `signatures/${signature.replace(':', '/')}/link`)
    await writeText(driver(), signatures, signature)
    const registry = openRegistry(driver())
    const stored = await registry.manifest(app, parseTag('old'))
    assert.deepEqual(
      [stored?.mediaType, stored?.bytes],
      ['application/vnd.docker.distribution.manifest.v1+prettyjws', schema1],
    )
    const report = await reindexReferrers(registry, driver(), registry.log)
    // The signature's link looks like a manifest's; it is no reason to stop.
    assert.deepEqual([report.repositories, report.referrers], [1, 0])
    assert.equal(await registry.manifests.delete(app, image), true)
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
  })

  if (!isRemote) {
    it('a tag whose manifest is gone is nowhere to be pulled, and can be deleted or pushed again', async () => {
      const image = await writeOldImage(driver(), name, 'latest')
      await driver().delete(oldKeys.revision(name, image))
      const registry = openRegistry(driver())
      assert.equal(await registry.manifest(app, latest), undefined)
      assert.equal(await registry.manifests.delete(app, image), false)
      assert.equal(await registry.manifests.deleteTag(app, latest), true)
      assert.equal(await registry.manifests.deleteTag(app, latest), false)
      assert.equal(await pushManifest(registry, app, imageBytes(), 'latest'), image)
      assert.ok(await registry.manifest(app, latest))
    })
  }

  it('a tag of which only the history is left is none', async () => {
    const image = await writeOldImage(driver(), name, 'latest')
    await driver().delete(oldKeys.current(name, 'latest'))
    const registry = openRegistry(driver())
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
    assert.equal(await registry.manifests.deleteTag(app, latest), false)
    assert.equal(await registry.manifests.delete(app, image), true)
  })

  it('a manifest whose bytes are no JSON counts as absent and can be deleted', async () => {
    for (const bytes of [Buffer.from('not JSON'), Buffer.from('[]'), Buffer.from([0xff, 0xfe])]) {
      const image: Digest = await writeOldImage(driver(), name, 'latest', bytes)
      const registry = openRegistry(driver())
      assert.equal(await registry.manifest(app, latest), undefined)
      assert.deepEqual(await Array.fromAsync(registry.referrers.list(app, image, {})), [])
      assert.equal(await registry.manifests.delete(app, image), true)
    }
  })

  if (!isRemote) {
    it('an upload without its beginning is unknown, and one of which only that is left is empty', async () => {
      await writeText(driver(), `${oldKeys.upload(name, 'no-start')}data`, 'half a layer')
      await writeText(driver(), `${oldKeys.upload(name, 'no-data')}startedat`, '2026-11-21T09:28:48Z')
      const { uploads, repositories } = openRegistry(driver())
      await assert.rejects(uploads.size(app, parseUploadId('no-start')), { code: 'BLOB_UPLOAD_UNKNOWN' })
      assert.equal(await uploads.size(app, parseUploadId('no-data')), 0)
      await uploads.finish(app, parseUploadId('no-data'), digest, { chunks: chunksOf(layer) })
      assert.deepEqual(await readBlob(openRegistry(driver()), app, digest), layer)
      assert.deepEqual(await Array.fromAsync(repositories.list()), [])
    })
  }
})
