/** What the differential stories push: manifests with every field under control, and digests right and wrong. */
import { createHash } from 'node:crypto'
import { mediaTypes } from '../../clients/support/oci-layout.ts'

export interface Content {
  readonly bytes: Buffer
  readonly digest: string
}

export function contentOf(bytes: Buffer): Content {
  return { bytes, digest: digestOf(bytes) }
}

export function digestOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

export function descriptorOf(mediaType: string, { bytes, digest }: Content): Record<string, unknown> {
  return { mediaType, digest, size: bytes.length }
}

/** An image manifest of OCI's or of docker's type; `more` replaces or adds fields. */
export function imageOf(
  config: Content,
  layers: readonly Content[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptorOf(mediaTypes.config, config),
    layers: layers.map((layer) => descriptorOf(mediaTypes.layerGzip, layer)),
    ...more,
  }
}

export function dockerImageOf(config: Content, layers: readonly Content[]): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: descriptorOf('application/vnd.docker.container.image.v1+json', config),
    layers: layers.map((layer) => descriptorOf('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)),
  }
}

export function indexOf(
  mediaType: string,
  manifests: readonly { content: Content; mediaType: string }[],
): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType,
    manifests: manifests.map((manifest) => ({
      ...descriptorOf(manifest.mediaType, manifest.content),
      platform: { os: 'linux', architecture: 'amd64' },
    })),
  }
}

export function json(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document))
}

/** What is not a digest, or not one that anybody has. */
export const oddDigests = {
  'a digest that nobody has': `sha256:${'0'.repeat(64)}`,
  'a sha512 digest that nobody has': `sha512:${'0'.repeat(128)}`,
  'a digest that is too short': 'sha256:abc',
  'a digest that is too long': `sha256:${'0'.repeat(65)}`,
  'a digest in upper case': `sha256:${'A'.repeat(64)}`,
  'a digest that is not hexadecimal': `sha256:${'g'.repeat(64)}`,
  'a digest without hash': 'sha256:',
  'a digest of an unknown algorithm': `sha999:${'0'.repeat(64)}`,
  'a digest of md5': `md5:${'0'.repeat(32)}`,
  'a digest of sha384': `sha384:${'0'.repeat(96)}`,
  'a digest with an encoded colon': `sha256%3A${'0'.repeat(64)}`,
} as const
