/** "The specification is designed to be agnostic of content types": the kinds of the image specification, byte for byte. */
import {
  artifact,
  blobOf,
  descriptorOf,
  emptyJson,
  imageIndex,
  imageManifest,
  mediaTypes,
  randomBlob,
  randomConfig,
  randomLayer,
} from './support/content.ts'
import { assertKept, imageWith, type Prepare } from './support/kept.ts'
import { randomWord } from './support/names.ts'
import { pushBlobs, pushEmptyJson, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const kinds: Readonly<Record<string, Prepare>> = {
  'an image without layers': imageWith(() => []),
  'an image with 100 layers': imageWith(() => Array.from({ length: 100 }, () => randomLayer(64))),
  'an image with an empty layer': imageWith(() => [blobOf('', mediaTypes.ociLayer)]),
  'an image with a zstd layer': imageWith(() => [randomBlob(300, 'application/vnd.oci.image.layer.v1.tar+zstd')]),
  'an image with the same layer twice': imageWith(() => {
    const layer = randomLayer()
    return [layer, layer]
  }),
  'without the mediaType field': imageWith(() => [randomLayer()], { mediaType: undefined }),
  'annotations in every script': imageWith(() => [randomLayer()], {
    annotations: { 'org.example.text': 'größe 大きさ 📦 \u0000\u2028', constructor: 'x', toString: 'y' },
  }),

  async 'an index of two platforms'(registry, repository) {
    const [amd64, arm64] = [await pushImage(registry, repository), await pushImage(registry, repository)]
    const manifests = [
      descriptorOf(amd64, { platform: { architecture: 'amd64', os: 'linux' } }),
      descriptorOf(arm64, { platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } }),
    ]
    return imageIndex([], { manifests })
  },

  async 'an index of an index'(registry, repository) {
    const inner = imageIndex([await pushImage(registry, repository)])
    await pushManifest(registry, repository, inner)
    return imageIndex([inner])
  },

  async 'an index without manifests'() {
    return imageIndex([], { annotations: { unique: randomWord() } })
  },

  async 'an index with an artifactType'(registry, repository) {
    return imageIndex([await pushImage(registry, repository)], { artifactType: 'application/vnd.example.set' })
  },

  async 'an artifact with the empty config'(registry, repository) {
    await pushEmptyJson(registry, repository)
    return artifact()
  },

  async 'an artifact with a config of its own type, as Helm charts have it'(registry, repository) {
    const config = blobOf(JSON.stringify({ version: randomWord() }), 'application/vnd.cncf.helm.config.v1+json')
    const chart = randomBlob(200, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')
    await pushBlobs(registry, repository, [config, chart])
    return imageManifest(config, [chart])
  },

  async 'unknown fields everywhere'(registry, repository) {
    const [config, layer] = [randomConfig(), randomLayer()]
    await pushBlobs(registry, repository, [config, layer])
    const layers = [descriptorOf(layer, { 'org.example.unknown': { deep: [1, 2, { three: null }] } })]
    return imageManifest(config, [], { layers, 'org.example.field': 'kept', futureNumber: 1.5e300 })
  },

  async 'content inlined in `data`'(registry, repository) {
    await pushEmptyJson(registry, repository)
    const inlined = descriptorOf(emptyJson, { data: emptyJson.bytes.toString('base64') })
    return imageManifest(emptyJson, [], { config: inlined, layers: [inlined], artifactType: 'application/vnd.example' })
  },
}

describeConformance('kinds of manifests', (registry) => {
  for (const [kind, prepare] of Object.entries(kinds)) {
    it(`"The registry MUST store the manifest in the exact byte representation provided by the client": ${kind}`, async () => {
      await assertKept(registry, prepare)
    })
  }
})
