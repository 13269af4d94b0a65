// Blobs as a repository sees them: the bytes are shared by all, the link says who may have them.
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { Blob } from './content-source.ts'
import { digestOf, type Digest } from './digest.ts'
import { blobKey, layerLinkKey } from './layout.ts'
import type { Links } from './links.ts'
import type { RepositoryName } from './names.ts'

const emptyDigests = new Set([digestOf(Buffer.alloc(0), 'sha256'), digestOf(Buffer.alloc(0), 'sha512')])

export interface Blobs {
  /** Undefined when the repository does not have the blob. */
  find(repository: RepositoryName, digest: Digest): Promise<Blob | undefined>
  /** Size in bytes of content in the shared store, whichever repositories have it; undefined when it is absent or torn. */
  storedSize(digest: Digest): Promise<number | undefined>
  /** Gives the repository access to content in the shared store. */
  link(repository: RepositoryName, digest: Digest): Promise<void>
  /** Gives the repository the access that `from` has. False when `from` has none. */
  linkAsIn(from: RepositoryName, repository: RepositoryName, digest: Digest): Promise<boolean>
  /** Takes the access away. False when there was none. The bytes go with garbage collection. */
  unlink(repository: RepositoryName, digest: Digest): Promise<boolean>
}

export function createBlobs(driver: StorageDriver, links: Links): Blobs {
  async function storedSize(digest: Digest): Promise<number | undefined> {
    const size = (await driver.stat(blobKey(digest)))?.size
    // A crash of an older registry leaves empty files; a client that is told they do not exist pushes the content again.
    return size === 0 && !emptyDigests.has(digest) ? undefined : size
  }

  function blobOf(digest: Digest, target: Digest, size: number): Blob {
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
    if (driver.sendTo !== undefined) {
      const send = driver.sendTo.bind(driver)
      blob.sendTo = async (range, socket) => void present((await send(key, range, socket)) || undefined)
    }
    return blob
  }

  return {
    storedSize,

    async find(repository, digest) {
      // CNCF distribution keeps sha512 blobs under their sha256 digest, which is then what the link says.
      const target = await links.read(layerLinkKey(repository, digest))
      if (target === undefined) return undefined
      const size = await storedSize(target)
      return size === undefined ? undefined : blobOf(digest, target, size)
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
      return true
    },
  }
}
