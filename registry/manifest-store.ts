// Manifests by digest: their bytes in the shared store, with the media type that the layout has no place for.
import { LRUCache } from 'lru-cache'
import type { KeyedValue, StorageDriver } from '../storage-drivers/driver.ts'
import type { StoredManifest } from './content-source.ts'
import { algorithmOf, digestOf, type Digest } from './digest.ts'
import { blobKey, mediaTypeKey, revisionLinkKey } from './layout.ts'
import type { Links } from './links.ts'
import type { Log } from './log.ts'
import { inferredMediaType, type Manifest } from './manifest.ts'
import type { RepositoryName } from './names.ts'
import { jsonObjectIn } from './strict-json.ts'

const cacheBytes = 16 * 1024 * 1024
const largestCachedBytes = 256 * 1024

/** Manifest bytes that were checked against their digest; the same in every repository. */
interface Verified {
  bytes: Buffer
  inferredType: string
  /** Whether the bytes name their media type themselves: then no repository has it written down. */
  namesItsType: boolean
}

export interface ManifestStore {
  /** The manifest if its revision is in the repository and its bytes are what the digest says. */
  find(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>
  /** As `find` for a digest that a tag of the repository points at: where every look is a request, the tag is proof enough of the revision. */
  findTagged(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>
  /** Whether `find` would find it, by as few looks as can tell. */
  isPresent(repository: RepositoryName, digest: Digest): Promise<boolean>
  /**
   * What has to be written for the manifest to be in the repository: only what is not there already, unharmed. The link makes it visible, so
   * everything else comes before it.
   */
  missing(
    repository: RepositoryName,
    stored: StoredManifest,
    manifest: Manifest,
  ): Promise<{ content: KeyedValue[]; link: KeyedValue[] }>
  unlinkRevision(repository: RepositoryName, digest: Digest): Promise<void>
  hasRevision(repository: RepositoryName, digest: Digest): Promise<boolean>
}

export function createManifestStore(driver: StorageDriver, links: Links, log: Log): ManifestStore {
  const verified = new LRUCache<Digest, Verified>({
    maxSize: cacheBytes,
    sizeCalculation: ({ bytes }) => bytes.length + 500,
  })

  async function load(digest: Digest): Promise<Verified | undefined> {
    const known = verified.get(digest)
    if (known !== undefined) return known
    const bytes = (await driver.get(blobKey(digest)))?.bytes
    if (bytes === undefined) return undefined
    if (digestOf(bytes, algorithmOf(digest)) !== digest) {
      log.error({ digest }, 'manifest is damaged in storage and was treated as absent; push it again to repair it')
      return undefined
    }
    const document = jsonObjectIn(bytes)
    if (document === undefined) {
      log.error({ digest }, 'manifest in storage is no JSON object and was treated as absent')
      return undefined
    }
    const loaded = {
      bytes,
      inferredType: inferredMediaType(document),
      namesItsType: typeof document.mediaType === 'string',
    }
    if (bytes.length <= largestCachedBytes) verified.set(digest, loaded)
    return loaded
  }

  async function mediaTypeOf(repository: RepositoryName, digest: Digest, manifest: Verified): Promise<string> {
    if (manifest.namesItsType) return manifest.inferredType
    const written = await driver.get(mediaTypeKey(repository, digest))
    return written?.bytes.toString() ?? manifest.inferredType
  }

  /** Also where an earlier push of the same bytes gave another one than the bytes tell, and this one does not. */
  async function missingMediaType(
    repository: RepositoryName,
    digest: Digest,
    manifest: Manifest,
  ): Promise<KeyedValue[]> {
    if (manifest.namesItsMediaType) return []
    const key = mediaTypeKey(repository, digest)
    const known = (await driver.get(key))?.bytes.toString() ?? manifest.inferredMediaType
    return known === manifest.mediaType ? [] : [{ key, bytes: Buffer.from(manifest.mediaType) }]
  }

  async function find(repository: RepositoryName, digest: Digest): Promise<StoredManifest | undefined> {
    const target = await links.read(revisionLinkKey(repository, digest))
    if (target === undefined) return undefined
    const manifest = await load(target)
    if (manifest === undefined) return undefined
    const { bytes } = manifest
    // A link may lead to another algorithm's digest of the same bytes: the client gets the one it asked for, if it is true.
    const isAsked = target === digest || digestOf(bytes, algorithmOf(digest)) === digest
    return { digest: isAsked ? digest : target, mediaType: await mediaTypeOf(repository, digest, manifest), bytes }
  }

  return {
    find,

    async findTagged(repository, digest) {
      if (!driver.isRemote) return find(repository, digest)
      const manifest = await load(digest)
      // The revision may lead to another algorithm's digest of the same bytes.
      if (manifest === undefined) return find(repository, digest)
      return { digest, mediaType: await mediaTypeOf(repository, digest, manifest), bytes: manifest.bytes }
    },

    isPresent: async (repository, digest) =>
      (driver.isRemote ? await links.read(revisionLinkKey(repository, digest)) : await find(repository, digest)) !==
      undefined,

    async missing(repository, { digest, bytes }, manifest) {
      const key = blobKey(digest)
      const isStored = !driver.isRemote && (await driver.get(key))?.bytes.equals(bytes)
      return {
        content: [...(isStored ? [] : [{ key, bytes }]), ...(await missingMediaType(repository, digest, manifest))],
        link: await links.missing(revisionLinkKey(repository, digest), digest),
      }
    },

    async unlinkRevision(repository, digest) {
      await driver.delete(revisionLinkKey(repository, digest))
      await driver.delete(mediaTypeKey(repository, digest))
    },

    hasRevision: async (repository, digest) => (await links.read(revisionLinkKey(repository, digest))) !== undefined,
  }
}
