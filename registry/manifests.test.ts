import assert from 'node:assert/strict'
import { digestOf } from './digest.ts'
import {
  app,
  config,
  describeBytes,
  dockerManifestType,
  hexIn,
  imageBytes,
  indexBytes,
  keysOf,
  latest,
  layer,
  pushBlob,
  pushImage,
  pushImageBlobs,
  pushManifest,
} from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { blobKey } from './layout.ts'
import { ociManifestType } from './manifest.ts'
import { parseRepositoryName, parseTag } from './names.ts'

const other = parseRepositoryName('team/other')
const v2 = 'docker/registry/v2'
const repository = `${v2}/repositories/team/app`

describeOnDrivers('manifests', (driver) => {
  it('are given back byte for byte, by digest and by tag, with the media type they came with', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const pretty = Buffer.from(`\n${JSON.stringify(JSON.parse(imageBytes().toString()), undefined, 3)}\n \n`)
    for (const bytes of [imageBytes(), pretty, imageBytes({ mediaType: dockerManifestType, é: '\u2028' })]) {
      const digest = await pushManifest(registry, app, bytes, 'latest')
      assert.equal(digest, digestOf(bytes))
      for (const opened of [registry, openRegistry(driver())]) {
        const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string }
        assert.deepEqual(await opened.manifest(app, digest), { digest, mediaType, bytes })
        assert.deepEqual(await opened.manifest(app, latest), { digest, mediaType, bytes })
      }
    }
  })

  it('a push writes the keys of CNCF distribution, and ours beside them, and no others', async () => {
    const registry = openRegistry(driver())
    const subject = await pushImage(registry, app, 'subject', '1.0', 'latest')
    const referrer = imageBytes({ mediaType: undefined, subject: { ...describeBytes(layer), digest: subject } })
    const odd = 'application/vnd.example+json'
    const { digest } = await registry.manifests.put(app, { bytes: referrer, contentType: odd, tags: [] })
    const hexes = {
      subject: hexIn(subject),
      referrer: hexIn(digest),
      config: hexIn(digestOf(config)),
      layer: hexIn(digestOf(layer)),
    }
    const data = Object.values(hexes).map((hex) => `${v2}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`)
    const links = [
      `${repository}/_layers/sha256/${hexes.config}/link`,
      `${repository}/_layers/sha256/${hexes.layer}/link`,
      `${repository}/_manifests/revisions/sha256/${hexes.subject}/link`,
      `${repository}/_manifests/revisions/sha256/${hexes.referrer}/link`,
      ...['1.0', 'latest'].flatMap((tag) => [
        `${repository}/_manifests/tags/${tag}/current/link`,
        `${repository}/_manifests/tags/${tag}/index/sha256/${hexes.subject}/link`,
      ]),
    ]
    const ours = [
      `${repository}/_mediatypes/sha256/${hexes.referrer}`,
      `${repository}/_referrers/sha256/${hexes.subject}/sha256/${hexes.referrer}`,
    ]
    assert.deepEqual(await keysOf(driver()), [...data, ...links, ...ours].sort())
    for (const link of links) assert.match((await driver().get(link))?.bytes.toString() ?? '', /^sha256:[0-9a-f]{64}$/)
  })

  it('a media type that the bytes do not tell is kept, per repository, and the last push decides', async () => {
    const registry = openRegistry(driver())
    const bytes = imageBytes({ mediaType: undefined })
    const odd = 'application/vnd.example.thing+json'
    for (const name of [app, other]) await pushImageBlobs(registry, name)
    const { digest } = await registry.manifests.put(app, { bytes, contentType: odd, tags: [] })
    await registry.manifests.put(other, { bytes, contentType: ociManifestType, tags: [] })
    assert.equal((await openRegistry(driver()).manifest(app, digest))?.mediaType, odd)
    assert.equal((await openRegistry(driver()).manifest(other, digest))?.mediaType, ociManifestType)
    await registry.manifests.put(app, { bytes, contentType: ociManifestType, tags: [] })
    assert.equal((await registry.manifest(app, digest))?.mediaType, ociManifestType)
  })

  it('a push by digest must have that digest, in either algorithm', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const bytes = imageBytes()
    const wrong = { bytes, contentType: undefined, tags: [latest], digest: digestOf(config) }
    await assert.rejects(registry.manifests.put(app, wrong), { code: 'DIGEST_INVALID' })
    assert.equal(await registry.manifest(app, latest), undefined)
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const digest = digestOf(bytes, algorithm)
      const receipt = await registry.manifests.put(app, { bytes, contentType: undefined, tags: [latest], digest })
      assert.equal(receipt.digest, digest)
      assert.deepEqual((await registry.manifest(app, digest))?.bytes, bytes)
      assert.equal((await registry.manifest(app, latest))?.digest, digest)
      assert.deepEqual((await driver().get(blobKey(digest)))?.bytes, bytes)
    }
  })

  it('belong to the repository they were pushed to', async () => {
    const registry = openRegistry(driver())
    const digest = await pushImage(registry, app, 'mine', 'latest')
    assert.equal(await registry.manifest(other, digest), undefined)
    assert.equal(await registry.manifest(other, latest), undefined)
    assert.equal(await registry.manifests.delete(other, digest), false)
    assert.ok(await registry.manifest(app, latest))
  })

  it('a deleted manifest is gone with all tags that point at it now, and no others', async () => {
    const registry = openRegistry(driver())
    const first = await pushImage(registry, app, 'first', 'a', 'b', 'moved')
    const second = await pushImage(registry, app, 'second', 'moved', 'c')
    assert.equal(await registry.manifests.delete(app, first), true)
    assert.equal(await registry.manifests.delete(app, first), false)
    assert.equal(await registry.manifest(app, first), undefined)
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), ['c', 'moved'])
    assert.equal((await registry.manifest(app, parseTag('moved')))?.digest, second)
  })

  it('a deleted tag leaves its manifest and the other tags', async () => {
    const registry = openRegistry(driver())
    const digest = await pushImage(registry, app, 'image', 'a', 'b')
    assert.equal(await registry.manifests.deleteTag(app, parseTag('a')), true)
    assert.equal(await registry.manifests.deleteTag(app, parseTag('a')), false)
    assert.ok(await registry.manifest(app, digest))
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), ['b'])
  })

  it('what was deleted can be pushed again', async () => {
    const registry = openRegistry(driver())
    const digest = await pushImage(registry, app, 'image', 'latest')
    await registry.manifests.delete(app, digest)
    assert.equal(await pushImage(registry, app, 'image', 'latest'), digest)
    assert.equal((await registry.manifest(app, latest))?.digest, digest)
  })

  it('damaged bytes count as absent, are reported, and are healed by the next push', async () => {
    const digest = await pushImage(openRegistry(driver()), app, 'image', 'latest')
    for (const damaged of [Buffer.from('{}'), Buffer.from('{"schemaVersion":'), Buffer.alloc(0), Buffer.alloc(300)]) {
      await driver().write(blobKey(digest), damaged)
      const registry = openRegistry(driver())
      assert.equal(await registry.manifest(app, latest), undefined)
      assert.equal(await registry.manifest(app, digest), undefined)
      assert.deepEqual(registry.logged.map(({ level, fields }) => [level, fields.digest])[0], ['error', digest])
      await pushImage(registry, app, 'image', 'latest')
      assert.ok(await registry.manifest(app, latest))
      assert.ok(await openRegistry(driver()).manifest(app, digest))
    }
  })

  it('damaged bytes can be deleted', async () => {
    const digest = await pushImage(openRegistry(driver()), app, 'image', 'latest')
    await driver().write(blobKey(digest), Buffer.from('damaged'))
    assert.equal(await openRegistry(driver()).manifests.delete(app, digest), true)
    assert.deepEqual(await Array.fromAsync(openRegistry(driver()).tags.list(app)), [])
  })

  it('one push may set many tags, or none', async () => {
    const registry = openRegistry(driver())
    const tags = Array.from({ length: 30 }, (_, index) => `t${String(index).padStart(2, '0')}`)
    await pushImage(registry, app, 'image', ...tags, 't05')
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), tags)
    const untagged = await pushImage(registry, app, 'another')
    assert.ok(await registry.manifest(app, untagged))
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), tags)
  })

  it('an index keeps its children reachable by digest alone', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    await pushBlob(registry, app, layer)
    const child = await pushManifest(registry, app, imageBytes())
    const index = indexBytes([{ ...describeBytes(imageBytes(), ociManifestType), digest: child }])
    const digest = await pushManifest(registry, app, index, 'latest')
    assert.equal((await registry.manifest(app, latest))?.digest, digest)
    assert.ok(await registry.manifest(app, child))
  })
})
