/** Kinds of manifests that clients push though the image specification does not have them, or no longer. */
import type { Registry } from './support/client.ts'
import {
  blobOf,
  type Content,
  descriptorOf,
  imageIndex,
  imageManifest,
  manifestOf,
  mediaTypes,
  randomBlob,
  randomConfig,
  randomLayer,
} from './support/content.ts'
import { assertKept, type Prepare } from './support/kept.ts'
import { randomWord } from './support/names.ts'
import { pushBlob, pushBlobs, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const urls = ['https://layers.example.org/base.tar.gz']

const kinds: Readonly<Record<string, Prepare>> = {
  'a docker schema 2 manifest': dockerManifest,

  async 'a docker manifest list'(registry, repository) {
    const child = await dockerManifest(registry, repository)
    await pushManifest(registry, repository, child)
    const manifests = [descriptorOf(child, { platform: { architecture: 'amd64', os: 'linux' } })]
    return manifestOf(mediaTypes.dockerList, { schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests })
  },

  async 'a layer that may not be distributed, not pushed, with urls'(registry, repository) {
    const config = randomConfig()
    await pushBlob(registry, repository, config)
    const foreign = randomBlob(100, 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip')
    return imageManifest(config, [], { layers: [descriptorOf(foreign, { urls })] })
  },

  async 'a docker foreign layer, not pushed, with urls'(registry, repository) {
    const config = randomConfig(mediaTypes.dockerConfig)
    await pushBlob(registry, repository, config)
    const foreign = randomBlob(100, 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip')
    return dockerManifestOf(config, [descriptorOf(foreign, { urls })])
  },

  async 'a build cache: an index whose children are layer blobs and a cache config'(registry, repository) {
    const config = blobOf(JSON.stringify({ unique: randomWord() }), 'application/vnd.buildkit.cacheconfig.v0')
    const children = [randomLayer(), randomLayer(), config]
    await pushBlobs(registry, repository, children)
    return imageIndex(children)
  },

  async 'a JSON media type that nobody knows'() {
    const mediaType = 'application/vnd.example.thing.v7+json'
    return manifestOf(mediaType, { mediaType, unique: randomWord() })
  },

  async 'the artifact manifest that older clients push'(registry, repository) {
    const mediaType = 'application/vnd.oci.artifact.manifest.v1+json'
    const blob = randomBlob()
    await pushBlob(registry, repository, blob)
    return manifestOf(mediaType, {
      mediaType,
      artifactType: 'application/vnd.example.old',
      blobs: [descriptorOf(blob)],
    })
  },
}

describeConformance('kinds of manifests, beyond the image specification', (registry) => {
  describe('Lading promises', () => {
    for (const [kind, prepare] of Object.entries(kinds)) {
      it(`accepts and keeps ${kind}`, async () => {
        await assertKept(registry, prepare)
      })
    }
  })
})

async function dockerManifest(registry: Registry, repository: string): Promise<Content> {
  const [config, layer] = [randomConfig(mediaTypes.dockerConfig), randomBlob(100, mediaTypes.dockerLayer)]
  await pushBlobs(registry, repository, [config, layer])
  return dockerManifestOf(config, [descriptorOf(layer)])
}

function dockerManifestOf(config: Content, layers: readonly unknown[]): Content {
  const mediaType = mediaTypes.dockerManifest
  return manifestOf(mediaType, { schemaVersion: 2, mediaType, config: descriptorOf(config), layers })
}
