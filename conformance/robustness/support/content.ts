// Random content: blobs, and the manifests that hold them together.
import { digestOf } from '../../../testing/digest-of.ts'
import type { Random } from './seeded-random.ts'

export interface Content {
  bytes: Buffer
  digest: string
}

export interface ManifestContent extends Content {
  mediaType: string
  /** Digests of the blobs that it references. */
  blobs: string[]
  children: string[]
  subject: string | undefined
}

export const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
}

const smallBytes = 32 * 1024
const bigBytes = 2 * 1024 * 1024

/** Mostly small, sometimes of many writes; seldom under sha512. */
export function randomBlob(random: Random): Content {
  const bytes = random.bytes(random.between(1, random.chance(0.15) ? bigBytes : smallBytes))
  return { bytes, digest: digestOf(bytes, random.chance(0.1) ? 'sha512' : 'sha256') }
}

/** An image of a config and layers; `name` makes it like no other. */
export function imageOf(
  [config, ...layers]: readonly [Content, ...Content[]],
  { name, subject }: { name: string; subject?: ManifestContent },
): ManifestContent {
  const bytes = jsonBytes({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(config, types.config),
    layers: layers.map((layer) => describe(layer, types.layer)),
    ...(subject === undefined ? {} : { subject: describe(subject, subject.mediaType), artifactType: 'text/plain' }),
    annotations: { name },
  })
  return { bytes, digest: digestOf(bytes), ...partsOf(bytes) }
}

export function indexOf(children: readonly ManifestContent[], name: string): ManifestContent {
  const manifests = children.map((child) => describe(child, child.mediaType))
  const bytes = jsonBytes({ schemaVersion: 2, mediaType: types.index, manifests, annotations: { name } })
  return { bytes, digest: digestOf(bytes), ...partsOf(bytes) }
}

interface Descriptor {
  digest: string
}

interface ManifestDocument {
  mediaType: string
  config?: Descriptor
  layers?: Descriptor[]
  manifests?: Descriptor[]
  subject?: Descriptor
}

/** What a manifest's bytes reference. */
export function partsOf(bytes: Buffer): Omit<ManifestContent, keyof Content> {
  const { mediaType, config, layers = [], manifests = [], subject } = JSON.parse(bytes.toString()) as ManifestDocument
  return {
    mediaType,
    blobs: [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => digest),
    children: manifests.map(({ digest }) => digest),
    subject: subject?.digest,
  }
}

function describe({ bytes, digest }: Content, mediaType: string): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length }
}

function jsonBytes(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document))
}
