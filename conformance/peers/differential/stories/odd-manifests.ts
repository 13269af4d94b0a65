/** Manifests pushed that are wrong, or unusual, in one way at a time. */
import { mediaTypes } from '../../../clients/support/oci-layout.ts'
import { contentOf, descriptorOf, digestOf, imageOf, json, oddDigests } from '../content.ts'
import { getManifest, listTags, pushParts, putManifest, type Story, type StoryWorld } from '../story.ts'

/** The same manifest, wrong in one way. */
export const pushOddManifests: Story = async (world) => {
  const { random } = world
  const [config, layer] = await pushParts(world)
  const kept = json(imageOf(config, [layer]))
  await putManifest(world, 'manifest PUT by tag', { bytes: kept, contentType: mediaTypes.manifest, reference: 'kept' })
  for (let count = 3 + random.below(4); count > 0; count--) {
    const right = json(imageOf(config, [layer], { annotations: { count: `${count}` } }))
    const {
      what,
      bytes = right,
      contentType = mediaTypes.manifest,
      reference = 'odd',
    } = random.pick(oddPushes)(world, { config, layer, right })
    const header = contentType === 'none' ? undefined : contentType
    if (await putManifest(world, `manifest PUT, ${what}`, { bytes, contentType: header, reference })) {
      await getManifest(world, `manifest GET, after ${what}`, { reference: digestOf(bytes) })
    } else if (reference !== 'odd') {
      await getManifest(world, 'manifest GET, after a refusal', { reference: digestOf(bytes) })
      await getManifest(world, 'manifest DELETE, after a refusal', { reference: digestOf(bytes), method: 'DELETE' })
    }
  }
  await listTags(world)
}

interface OddPush {
  readonly what: string
  readonly bytes?: Buffer
  readonly contentType?: string
  readonly reference?: string
}

type Parts = Record<'config' | 'layer', ReturnType<typeof contentOf>> & { readonly right: Buffer }

const ofDocument =
  (what: string, more: (parts: Parts, world: StoryWorld) => Record<string, unknown>) =>
  (world: StoryWorld, parts: Parts): OddPush => ({
    what,
    bytes: json(imageOf(parts.config, [parts.layer], more(parts, world))),
  })

const layerOf =
  (what: string, fields: Record<string, unknown>) =>
  (_: StoryWorld, { config, layer }: Parts): OddPush => ({
    what,
    bytes: json(imageOf(config, [], { layers: [{ ...descriptorOf(mediaTypes.layerGzip, layer), ...fields }] })),
  })

const oddPushes: readonly ((world: StoryWorld, parts: Parts) => OddPush)[] = [
  () => ({ what: 'no Content-Type', contentType: 'none' }),
  () => ({ what: 'a Content-Type with parameters', contentType: `${mediaTypes.manifest}; charset=utf-8` }),
  () => ({ what: 'a Content-Type that is another', contentType: mediaTypes.dockerManifest }),
  () => ({ what: 'a Content-Type of an index', contentType: mediaTypes.index }),
  () => ({ what: 'a Content-Type of JSON', contentType: 'application/json' }),
  () => ({ what: 'a Content-Type nobody knows', contentType: 'application/vnd.example.thing+json' }),
  () => ({ what: 'a Content-Type that is none', contentType: 'nonsense' }),
  (_, { config, layer }) => ({
    what: 'a type of its own',
    contentType: 'application/vnd.example.thing+json',
    bytes: json(imageOf(config, [layer], { mediaType: 'application/vnd.example.thing+json' })),
  }),
  () => ({ what: 'no bytes', bytes: Buffer.alloc(0) }),
  () => ({ what: 'no JSON', bytes: Buffer.from('this is no JSON') }),
  () => ({ what: 'a JSON array', bytes: Buffer.from('[]') }),
  () => ({ what: 'an empty JSON object', bytes: Buffer.from('{}') }),
  (_, { right }) => ({ what: 'more behind its end', bytes: Buffer.concat([right, Buffer.from('{}')]) }),
  (_, { right }) => ({ what: 'white space behind its end', bytes: Buffer.concat([right, Buffer.from('\n \n')]) }),
  (_, { right }) => ({ what: 'cut off', bytes: right.subarray(0, -5) }),
  ({ random }) => ({ what: 'bytes that are no text', bytes: random.bytes(300) }),
  (_, { right }) => ({ what: 'the right digest', reference: digestOf(right) }),
  ({ random }) => ({ what: 'another digest', reference: digestOf(random.bytes(9)) }),
  (_, { right }) => ({ what: 'a sha512 digest', reference: digestOf(right, 'sha512') }),
  () => ({ what: 'a tag that is too long', reference: 'a'.repeat(129) }),
  () => ({ what: 'a tag that begins with a dot', reference: '.tag' }),
  () => ({ what: 'a tag with a plus', reference: 'a+b' }),
  ({ random }) => {
    const [what, reference] = random.pick(Object.entries(oddDigests))
    return { what, reference }
  },
  ofDocument('schemaVersion 1', () => ({ schemaVersion: 1 })),
  ofDocument('schemaVersion 3', () => ({ schemaVersion: 3 })),
  ofDocument('no schemaVersion', () => ({ schemaVersion: undefined })),
  ofDocument('a mediaType that is no text', () => ({ mediaType: 5 })),
  ofDocument('no mediaType', () => ({ mediaType: undefined })),
  ofDocument('another mediaType', () => ({ mediaType: mediaTypes.dockerManifest })),
  ofDocument('no config', () => ({ config: undefined })),
  ofDocument('a config that is null', () => ({ config: null })),
  ofDocument('a missing config', (_, { random }) => ({
    config: descriptorOf(mediaTypes.config, contentOf(random.bytes(9))),
  })),
  ofDocument('a missing layer', (_, { random }) => ({
    layers: [descriptorOf(mediaTypes.layerGzip, contentOf(random.bytes(9)))],
  })),
  ofDocument('two missing layers', (_, { random }) => ({
    layers: [1, 2].map((size) => descriptorOf(mediaTypes.layerGzip, contentOf(random.bytes(size + 8)))),
  })),
  ofDocument('no layers', () => ({ layers: [] })),
  ofDocument('layers that are absent', () => ({ layers: undefined })),
  ofDocument('layers no array', () => ({ layers: 'none' })),
  ofDocument('manifests besides', () => ({ manifests: [] })),
  ofDocument('a layer as config', ({ layer }) => ({ config: descriptorOf('application/vnd.example.config', layer) })),
  ofDocument('an artifactType', () => ({ artifactType: 'application/vnd.example' })),
  ofDocument('annotations that are no texts', () => ({ annotations: { a: 1 } })),
  ofDocument('fields nobody knows', () => ({ extra: { a: [1] } })),
  layerOf('a layer of another size', { size: 1 }),
  layerOf('a layer of negative size', { size: -1 }),
  layerOf('a layer without size', { size: undefined }),
  layerOf('a layer without mediaType', { mediaType: undefined }),
  layerOf('a layer without digest', { digest: undefined }),
  layerOf('a layer whose digest is none', { digest: 'sha256:abc' }),
  layerOf('a layer with an address', { urls: ['https://example.com/layer'] }),
  layerOf('a layer that is not distributable', {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  }),
]
