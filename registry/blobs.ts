// Blobs as a repository sees them: the bytes are shared by all, the link says who may have them.
import type { Cache } from '../coordination/cache.ts'
import type { OpenObject, StorageDriver } from '../storage-drivers/driver.ts'
import type { Blob, ContentSource } from './content-source.ts'
import { digestIn, digestOf, type Digest } from './digest.ts'
import { blobKey, layerLinkKey } from './layout.ts'
import type { Links } from './links.ts'
import type { RepositoryName } from './names.ts'

const emptyDigests = new Set([digestOf(Buffer.alloc(0), 'sha256'), digestOf(Buffer.alloc(0), 'sha512')])

export interface Blobs {
  /** Undefined when the repository does not have the blob. */
  find: ContentSource['blob']
  /** Whether the repository has been given the blob. Where every look is a request, its bytes are taken to be there. */
  isLinked(repository: RepositoryName, digest: Digest): Promise<boolean>
  /** Size in bytes of content in the shared store, whichever repositories have it; undefined when it is absent or torn. */
  storedSize(digest: Digest): Promise<number | undefined>
  /** Gives the repository access to content in the shared store. */
  link(repository: RepositoryName, digest: Digest): Promise<void>
  /** Gives the repository the access that `from` has. False when `from` has none. */
  linkAsIn(from: RepositoryName, repository: RepositoryName, digest: Digest): Promise<boolean>
  /** Takes the access away, in every process. False when there was none. The bytes go with garbage collection. */
  unlink(repository: RepositoryName, digest: Digest): Promise<boolean>
}

export interface BlobParts {
  driver: StorageDriver
  links: Links
  /** Remembers what repositories have. Without it, storage is asked each time. */
  cache: Cache | undefined
  /** How long an address that a client is sent to is good, in seconds; undefined when clients are not sent elsewhere. */
  redirectSeconds: number | undefined
}

/** What a repository has under a digest. */
interface Fact {
  /** CNCF distribution keeps sha512 blobs under their sha256 digest, which is then what the link says. */
  target: Digest
  size: number
}

export function createBlobs({ driver, links, cache, redirectSeconds }: BlobParts): Blobs {
  const sizeIfSound = (digest: Digest, size: number | undefined): number | undefined =>
    // A crash of an older registry leaves empty files; a client that is told they do not exist pushes the content again.
    size === 0 && !emptyDigests.has(digest) ? undefined : size

  async function storedSize(digest: Digest): Promise<number | undefined> {
    return sizeIfSound(digest, (await driver.stat(blobKey(digest)))?.size)
  }

  /** `sizeOf` is how the caller finds out about the bytes. */
  async function factOf(
    repository: RepositoryName,
    digest: Digest,
    sizeOf: (target: Digest) => Promise<number | undefined>,
  ): Promise<Fact | undefined> {
    const load = async (): Promise<Fact | undefined> => {
      const target = await links.read(layerLinkKey(repository, digest))
      const size = target && sizeIfSound(target, await sizeOf(target))
      return target === undefined || size === undefined ? undefined : { target, size }
    }
    if (cache === undefined) return load()
    const text = await cache.lookup(cacheKey(repository, digest), async () => {
      const fact = await load()
      return fact && `${fact.size} ${fact.target}`
    })
    return text === undefined ? undefined : (factIn(text) ?? load())
  }

  function blobOf(digest: Digest, { target, size }: Fact, opened: OpenObject | undefined): Blob {
    const key = blobKey(target)
    const present = <T>(value: T | undefined): T => {
      if (value === undefined) throw new Error(`blob ${target} was removed while it was read`)
      return value
    }
    const blob: Blob = {
      digest,
      size,
      open: async (range) => present(await driver.read(key, range)),
      bytes: async () => present(await driver.get(key)).bytes,
    }
    if (redirectSeconds !== undefined && driver.downloadUrl !== undefined) {
      const address = driver.downloadUrl.bind(driver)
      blob.downloadUrl = (client) => address(key, redirectSeconds, client)
    }
    if (opened !== undefined) {
      blob.sendTo = (_, socket) => opened.sendTo(socket)
      blob.bytes = () => opened.bytes()
      blob.close = () => opened.cancel()
    } else if (driver.sendTo !== undefined) {
      const send = driver.sendTo.bind(driver)
      blob.sendTo = async (range, socket) => void present((await send(key, range, socket)) || undefined)
    }
    return blob
  }

  /** Brings the bytes with the first look at them. */
  async function opening(
    repository: RepositoryName,
    digest: Digest,
    open: NonNullable<StorageDriver['open']>,
  ): Promise<Blob | undefined> {
    let opened: OpenObject | undefined
    const begin = async (target: Digest): Promise<number | undefined> => (opened = await open(blobKey(target)))?.size
    const fact = await factOf(repository, digest, begin)
    if (fact === undefined) {
      opened?.cancel()
      return undefined
    }
    // Remembered: then the bytes have to be looked for all the same, and may be gone.
    if (opened === undefined && (await begin(fact.target)) === undefined) {
      await cache?.invalidate([cacheKey(repository, digest)])
      return undefined
    }
    return blobOf(digest, fact, opened)
  }

  return {
    storedSize,

    async find(repository, digest, { isToBeRead = false } = {}) {
      if (isToBeRead && driver.open !== undefined) return opening(repository, digest, driver.open.bind(driver))
      const fact = await factOf(repository, digest, storedSize)
      return fact && blobOf(digest, fact, undefined)
    },

    async isLinked(repository, digest) {
      if (!driver.isRemote || cache !== undefined) return (await factOf(repository, digest, storedSize)) !== undefined
      return (await links.read(layerLinkKey(repository, digest))) !== undefined
    },

    link: (repository, digest) => links.write(layerLinkKey(repository, digest), digest),

    async linkAsIn(from, repository, digest) {
      const target = await links.read(layerLinkKey(from, digest))
      if (target === undefined || (await storedSize(target)) === undefined) return false
      await links.write(layerLinkKey(repository, digest), target)
      return true
    },

    async unlink(repository, digest) {
      const key = layerLinkKey(repository, digest)
      if ((await links.read(key)) === undefined) return false
      await driver.delete(key)
      await cache?.invalidate([cacheKey(repository, digest)])
      return true
    },
  }
}

function cacheKey(repository: RepositoryName, digest: Digest): string {
  return `blob:${repository}:${digest}`
}

function factIn(text: string): Fact | undefined {
  const [size = '', target = ''] = text.split(' ')
  const digest = digestIn(target)
  return digest === undefined || !/^\d+$/.test(size) ? undefined : { target: digest, size: Number(size) }
}
