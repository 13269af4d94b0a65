import assert from 'node:assert/strict'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { digestOf } from './digest.ts'
import type { RegistryError } from './errors.ts'
import {
  app,
  config,
  configType,
  describeBytes,
  imageBytes,
  indexBytes,
  layer,
  pushBlob,
  pushImageBlobs,
  pushManifest,
  type JsonDescriptor,
} from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import type { ManifestRules } from './manifest-rules.ts'
import { ociManifestType } from './manifest.ts'
import { parseRepositoryName } from './names.ts'
import type { Registry } from './registry.ts'

const missing = Array.from({ length: 80 }, (_, index) => describeBytes(Buffer.from(`missing ${index}`)))
const child = describeBytes(imageBytes(), ociManifestType)

describe('what a manifest references', () => {
  it('must be in the repository: one entry for each missing digest, none twice', async () => {
    const registry = await open()
    await pushBlob(registry, app, layer)
    const layers = [describeBytes(layer), ...missing, ...missing]
    const entries = await refused(registry, imageBytes({ layers }))
    const expected = [describeBytes(config), ...missing].map(({ digest }) => digest)
    assert.deepEqual(
      entries.map(({ detail }) => detail.digest),
      expected,
    )
    assert.ok(entries.every(({ code }) => code === 'MANIFEST_BLOB_UNKNOWN'))
  })

  it('is not there because another repository has it', async () => {
    const registry = await open()
    await pushImageBlobs(registry, parseRepositoryName('team/other'))
    assert.equal((await refused(registry, imageBytes())).length, 2)
  })

  it('nothing is visible of a manifest that was refused', async () => {
    const registry = await open()
    await refused(registry, imageBytes())
    assert.equal(await registry.manifest(app, digestOf(imageBytes())), undefined)
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
    assert.deepEqual(await Array.fromAsync(registry.repositories.list()), [])
  })

  it('a manifest whose type nobody knows is checked too', async () => {
    const registry = await open()
    const unknown = imageBytes({
      mediaType: 'application/vnd.example+json',
      blobs: [missing[0]],
      manifests: [missing[1]],
    })
    assert.equal((await refused(registry, unknown)).length, 4)
  })

  it('children of an index may be manifests, or blobs as in the cache of BuildKit', async () => {
    const registry = await open()
    await pushImageBlobs(registry, app)
    await pushManifest(registry, app, imageBytes())
    const cache = indexBytes([child, describeBytes(layer), describeBytes(config, configType)])
    assert.ok(await pushManifest(registry, app, cache, 'cache'))
  })

  it('a child that is missing is named, a layer that is only a manifest is missing', async () => {
    const registry = await open()
    assert.deepEqual(
      (await refused(registry, indexBytes([child, child]))).map(({ detail }) => detail.digest),
      [child.digest],
    )
    await pushImageBlobs(registry, app)
    await pushManifest(registry, app, imageBytes())
    assert.equal((await refused(registry, imageBytes({ layers: [child] }))).length, 1)
  })

  it('the subject need not exist', async () => {
    const registry = await open()
    await pushImageBlobs(registry, app)
    const bytes = imageBytes({ subject: missing[0] })
    const receipt = await registry.manifests.put(app, { bytes, contentType: undefined, tags: [] })
    assert.equal(receipt.subject, missing[0]?.digest)
  })

  const foreign: [string, JsonDescriptor][] = [
    ['has addresses', { ...(missing[0] as JsonDescriptor), urls: ['https://a.example/layer'] }],
    ['is nondistributable', describeBytes(layer, 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')],
    ['is foreign to docker', describeBytes(layer, 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')],
  ]
  for (const [what, descriptor] of foreign) {
    it(`a layer that ${what} need not exist`, async () => {
      const registry = await open()
      await pushBlob(registry, app, config)
      assert.ok(await pushManifest(registry, app, imageBytes({ layers: [descriptor] }), 'latest'))
    })
  }
})

describe('sparse indexes', () => {
  const platform = (os: string, architecture: string) => ({ platform: { os, architecture } })
  const sparse = indexBytes([
    { ...child, ...platform('linux', 'amd64') },
    { ...(missing[0] as JsonDescriptor), ...platform('linux', 's390x') },
    { ...(missing[1] as JsonDescriptor) },
  ])

  it('are refused by default', async () => {
    assert.equal((await refused(await withChild({}), sparse)).length, 2)
  })

  it('are accepted where the operator asks for no platform', async () => {
    assert.ok(await pushManifest(await withChild({ requiredPlatforms: 'none' }), app, sparse, 'sparse'))
  })

  it('need only the platforms that the operator lists', async () => {
    const amd64 = { os: 'linux', architecture: 'amd64' }
    assert.ok(await pushManifest(await withChild({ requiredPlatforms: [amd64] }), app, sparse, 'sparse'))
    const both = await withChild({ requiredPlatforms: [amd64, { os: 'linux', architecture: 's390x' }] })
    assert.deepEqual(
      (await refused(both, sparse)).map(({ detail }) => detail.digest),
      [missing[0]?.digest],
    )
    const neither = await open({ requiredPlatforms: [amd64] })
    assert.equal((await refused(neither, sparse)).length, 1)
  })

  it('no option makes the layers of an image optional', async () => {
    assert.equal((await refused(await open({ requiredPlatforms: 'none' }), imageBytes())).length, 2)
  })
})

describe('addresses of layers', () => {
  const at = (...urls: string[]) => imageBytes({ layers: [{ ...(missing[0] as JsonDescriptor), urls }] })
  const good = 'https://cdn.example/layer'
  const bad = 'https://evil.example/layer'

  const cases: [string, ManifestRules['urls'], string[], boolean][] = [
    ['any is allowed by default', { allow: [], deny: [] }, [good, bad], true],
    ['one that is allowed passes', { allow: [/^https:\/\/cdn\./], deny: [] }, [good], true],
    ['one that is not allowed is refused', { allow: [/^https:\/\/cdn\./], deny: [] }, [good, bad], false],
    ['one that is denied is refused', { allow: [], deny: [/evil/] }, [bad], false],
    ['what is denied is refused though it is allowed', { allow: [/example/], deny: [/evil/] }, [good, bad], false],
    ['one that is not denied passes', { allow: [], deny: [/evil/] }, [good], true],
  ]
  for (const [what, urls, addresses, isAccepted] of cases) {
    it(what, async () => {
      const registry = await open({ urls })
      await pushBlob(registry, app, config)
      const pushing = pushManifest(registry, app, at(...addresses), 'latest')
      if (isAccepted) assert.ok(await pushing)
      else await assert.rejects(pushing, { code: 'MANIFEST_INVALID', message: /validation\.manifests\.urls/ })
    })
  }
})

async function open(rules: Partial<ManifestRules> = {}): Promise<Registry> {
  return openRegistry(openMemoryDriver(), {
    rules: { requiredPlatforms: 'all', urls: { allow: [], deny: [] }, ...rules },
  })
}

async function withChild(rules: Partial<ManifestRules>): Promise<Registry> {
  const registry = await open(rules)
  await pushImageBlobs(registry, app)
  await pushManifest(registry, app, imageBytes())
  return registry
}

interface MissingEntry {
  code: string
  detail: { digest: string }
}

async function refused(registry: Registry, bytes: Buffer): Promise<readonly MissingEntry[]> {
  try {
    await pushManifest(registry, app, bytes, 'refused')
  } catch (error) {
    assert.equal((error as RegistryError).code, 'MANIFEST_BLOB_UNKNOWN')
    return (error as RegistryError).entries as readonly MissingEntry[]
  }
  return assert.fail('the manifest was accepted')
}
