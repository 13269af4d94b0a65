/** An OCI image layout on disk, written and read by code: what the tests push, and what clients hand back. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { digestOf } from '../../../testing/digest-of.ts'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string }
}

/** An image manifest or an index: the fields by which content refers to other content. */
export interface Manifest {
  readonly schemaVersion: 2
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

export class OciLayout {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(folder: string): Promise<OciLayout> {
    const layout = new OciLayout(folder)
    await mkdir(path.join(folder, 'blobs', 'sha256'), { recursive: true })
    await writeFile(path.join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await layout.writeIndex([])
    return layout
  }

  /** One that a client wrote. */
  static open(folder: string): OciLayout {
    return new OciLayout(folder)
  }

  blobFile(digest: string): string {
    return path.join(this.folder, 'blobs', ...digest.split(':'))
  }

  async addBlob(mediaType: string, content: Uint8Array | string): Promise<Descriptor> {
    const bytes = Buffer.from(content)
    const digest = digestOf(bytes)
    await writeFile(this.blobFile(digest), bytes)
    return { mediaType, digest, size: bytes.length }
  }

  /** For content too big for memory: written piece by piece, named when its digest is known. */
  async addBlobFrom(mediaType: string, pieces: Iterable<Uint8Array>): Promise<Descriptor> {
    const growing = path.join(this.folder, 'growing')
    const file = await open(growing, 'w')
    const hash = createHash('sha256')
    let size = 0
    for (const piece of pieces) {
      hash.update(piece)
      await file.writeFile(piece)
      size += piece.length
    }
    await file.close()
    const digest = `sha256:${hash.digest('hex')}`
    await rename(growing, this.blobFile(digest))
    return { mediaType, digest, size }
  }

  async addManifest(manifest: Manifest): Promise<Descriptor> {
    return this.addBlob(manifest.mediaType ?? mediaTypes.manifest, JSON.stringify(manifest, undefined, 2))
  }

  /** Makes the content an entry of index.json, which is what clients copy from. */
  async tag(name: string, target: Descriptor): Promise<void> {
    const entry = { ...target, annotations: { 'org.opencontainers.image.ref.name': name } }
    await this.writeIndex([...(await this.entries()), entry])
  }

  async entries(): Promise<readonly Descriptor[]> {
    return parseManifest(await readFile(path.join(this.folder, 'index.json'))).manifests ?? []
  }

  async manifest(digest: string): Promise<Manifest> {
    return parseManifest(await readFile(this.blobFile(digest)))
  }

  async size(digest: string): Promise<number> {
    return (await stat(this.blobFile(digest))).size
  }

  private async writeIndex(manifests: readonly Descriptor[]): Promise<void> {
    const index: Manifest = { schemaVersion: 2, mediaType: mediaTypes.index, manifests }
    await writeFile(path.join(this.folder, 'index.json'), JSON.stringify(index))
  }
}

export function parseManifest(bytes: Uint8Array): Manifest {
  return JSON.parse(Buffer.from(bytes).toString()) as Manifest
}

export function isManifest(descriptor: Descriptor): boolean {
  const { index, manifest, dockerList, dockerManifest } = mediaTypes
  return [index, manifest, dockerList, dockerManifest].some((mediaType) => mediaType === descriptor.mediaType)
}

/** The content that a manifest is made of. Its subject is not: it may be missing. */
export function children(manifest: Manifest): readonly Descriptor[] {
  return [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? []), ...(manifest.manifests ?? [])]
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(piece as Buffer)
  return `sha256:${hash.digest('hex')}`
}
