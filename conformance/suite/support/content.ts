/** Content for the tests, built by code: blobs, descriptors, image manifests, indexes and artifacts, each with its digest. */
import { createHash, randomBytes } from 'node:crypto'

export type Algorithm = 'sha256' | 'sha512'

export interface Content {
  readonly mediaType: string
  readonly digest: string
  readonly bytes: Buffer
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export type Fields = Readonly<Record<string, unknown>>

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  octetStream: 'application/octet-stream',
} as const

export function digestOf(bytes: string | Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export function blobOf(bytes: string | Uint8Array, mediaType: string = mediaTypes.octetStream): Content {
  return { mediaType, bytes: Buffer.from(bytes), digest: digestOf(bytes) }
}

export function randomBlob(size = 1024, mediaType: string = mediaTypes.octetStream): Content {
  return blobOf(randomBytes(size), mediaType)
}

/** The same bytes under another algorithm's digest. */
export function withAlgorithm(content: Content, algorithm: Algorithm): Content {
  return { ...content, digest: digestOf(content.bytes, algorithm) }
}

export function randomDigest(): string {
  return digestOf(randomBytes(32))
}

export function descriptorOf(content: Content, fields: Fields = {}): Fields & Descriptor {
  return { mediaType: content.mediaType, digest: content.digest, size: content.bytes.length, ...fields }
}

export function randomConfig(mediaType: string = mediaTypes.ociConfig): Content {
  const unique = randomBytes(8).toString('hex')
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { unique } },
    rootfs: { type: 'layers', diff_ids: [] },
  }
  return blobOf(JSON.stringify(config), mediaType)
}

export function randomLayer(size = 512): Content {
  return randomBlob(size, mediaTypes.ociLayer)
}

export const emptyJson = blobOf('{}', mediaTypes.ociEmpty)

/** Any JSON document as a manifest of the media type. */
export function manifestOf(mediaType: string, document: unknown): Content {
  return blobOf(JSON.stringify(document, undefined, 2), mediaType)
}

export function imageManifest(config: Content, layers: readonly Content[], fields: Fields = {}): Content {
  return manifestOf(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(config),
    layers: layers.map((layer) => descriptorOf(layer)),
    ...fields,
  })
}

export function imageIndex(children: readonly Content[], fields: Fields = {}): Content {
  return manifestOf(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: children.map((child) => descriptorOf(child)),
    ...fields,
  })
}

/** An artifact in the form the image specification recommends: everything in its type and annotations, an empty config and layer. */
export function artifact(fields: Fields = {}): Content {
  const annotations = { 'org.example.unique': randomBytes(8).toString('hex') }
  return imageManifest(emptyJson, [emptyJson], {
    artifactType: 'application/vnd.example.sbom.v1',
    annotations,
    ...fields,
  })
}
