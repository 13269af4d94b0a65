// Small images, the same for every registry: blobs of 4 KiB, and manifests that name some of them.
import { createHash } from 'node:crypto'

export const smallBlobBytes = 4096
export const imageCount = 32
const layersPerImage = 5

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const configType = 'application/vnd.oci.image.config.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'

export interface SampleBlob {
  digest: string
  content: Buffer
}

export const sampleBlobs: SampleBlob[] = Array.from({ length: imageCount }, (_, index) => {
  // Any bytes will do, as long as they are the same in every run.
  const content = createHash('shake256', { outputLength: smallBlobBytes }).update(`blob ${index}`).digest()
  return { digest: digestOf(content), content }
})

/** Another manifest for each number, of about 1.2 KiB. */
export function sampleManifest(number: number): string {
  const layers = Array.from({ length: layersPerImage }, (_, index) => descriptor(layerType, number + index + 1))
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configType, number),
    layers,
    annotations: { 'org.opencontainers.image.version': `1.0.${number}` },
  })
}

/** In ASCII order. */
export function tagOf(number: number): string {
  return `v${String(number).padStart(6, '0')}`
}

export function digestOf(content: string | Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

function descriptor(mediaType: string, number: number): { mediaType: string; digest: string; size: number } {
  const { digest } = sampleBlobs[number % imageCount] as SampleBlob
  return { mediaType, digest, size: smallBlobBytes }
}
