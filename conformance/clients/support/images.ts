/** Images made by code, in an OCI layout: small ones of every shape that clients push. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '../../../testing/digest-of.ts'
import { generatedBytes, generatedPieces } from './generated-bytes.ts'
import { mediaTypes, type Descriptor, type OciLayout } from './oci-layout.ts'
import { tarEnd, tarHeader, tarOf, tarPadding, type Files } from './tar.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

interface LayerSource {
  readonly tar: Buffer
  readonly compression: Compression
}

export interface ImageSource {
  readonly layers: readonly LayerSource[]
  readonly architecture?: string
}

const layerMediaTypes = { none: mediaTypes.layerTar, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd } as const

export function layerOf(files: Files, compression: Compression = 'gzip'): LayerSource {
  return { tar: tarOf(files), compression }
}

/** A layer that changes nothing, as a Dockerfile's metadata instructions used to make. */
export const emptyLayer: LayerSource = { tar: tarEnd, compression: 'gzip' }

/** Adds config, layers and manifest; the descriptor is the manifest's. */
export async function addImage(layout: OciLayout, image: ImageSource): Promise<Descriptor> {
  const platform = { os: 'linux', architecture: image.architecture ?? 'amd64' }
  const diffIds = image.layers.map((layer) => digestOf(layer.tar))
  const config = await addConfig(layout, diffIds, platform.architecture)
  const layers = await Array.fromAsync(image.layers, (layer) =>
    layout.addBlob(layerMediaTypes[layer.compression], compress(layer)),
  )
  const manifest = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers })
  return { ...manifest, platform }
}

/** Three platforms behind one tag; the platforms share a layer. */
export async function addMultiPlatformIndex(layout: OciLayout, seed: string): Promise<Descriptor> {
  const shared = layerOf({ 'etc/shared': generatedBytes(`${seed} shared`, 70_000) })
  const manifests = await Array.fromAsync(['amd64', 'arm64', 's390x'], (architecture) =>
    addImage(layout, {
      architecture,
      layers: [shared, layerOf({ hello: generatedBytes(`${seed} ${architecture}`, 30_000) })],
    }),
  )
  return layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })
}

export async function addImageOfManyLayers(layout: OciLayout, seed: string, count: number): Promise<Descriptor> {
  const layers = Array.from({ length: count }, (_, at) =>
    layerOf({ [`layer-${at}`]: generatedBytes(`${seed} ${at}`, 2000 + at) }),
  )
  return addImage(layout, { layers })
}

export async function addImageWithEmptyLayer(layout: OciLayout, seed: string): Promise<Descriptor> {
  return addImage(layout, { layers: [layerOf({ hello: generatedBytes(seed, 5000) }), emptyLayer] })
}

export async function addZstdImage(layout: OciLayout, seed: string): Promise<Descriptor> {
  const layers = [layerOf({ hello: generatedBytes(seed, 200_000), text: 'x'.repeat(100_000) }, 'zstd')]
  return addImage(layout, { layers })
}

async function addConfig(layout: OciLayout, diffIds: readonly string[], architecture = 'amd64'): Promise<Descriptor> {
  const created = '2026-01-01T00:00:00Z'
  const config = {
    created,
    architecture,
    os: 'linux',
    config: { Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map((_, at) => ({ created, created_by: `layer ${at}` })),
  }
  return layout.addBlob(mediaTypes.config, JSON.stringify(config))
}

function compress({ tar, compression }: LayerSource): Uint8Array {
  if (compression === 'gzip') return gzipSync(tar)
  return compression === 'zstd' ? zstdCompressSync(tar) : tar
}

/** One layer of `size` bytes and a little more, never in memory as a whole. Its config is that of any image. */
export async function addBigImage(layout: OciLayout, seed: string, size: number): Promise<Descriptor> {
  const layer = await layout.addBlobFrom(mediaTypes.layerTar, bigTar(seed, size))
  const config = await addConfig(layout, [layer.digest])
  const manifest = await layout.addManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: [layer],
  })
  return { ...manifest, platform: { os: 'linux', architecture: 'amd64' } }
}

function* bigTar(seed: string, size: number): Generator<Buffer> {
  yield tarHeader('big', size)
  yield* generatedPieces(seed, size)
  yield tarPadding(size)
  yield tarEnd
}

/** The shapes that every client has to carry both ways. */
export const sampleImages: Readonly<Record<string, (layout: OciLayout, seed: string) => Promise<Descriptor>>> = {
  'a multi-platform index': addMultiPlatformIndex,
  'an image of 100 layers': (layout, seed) => addImageOfManyLayers(layout, seed, 100),
  'an image with an empty layer': addImageWithEmptyLayer,
  'an image of zstd layers': addZstdImage,
}
