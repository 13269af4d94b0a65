// Where content comes from: the local registry, an upstream over HTTP, or a cache made of the two.
import type { Readable, Writable } from 'node:stream'
import type { ByteRange, DownloadClient } from '../storage-drivers/driver.ts'
import type { Digest } from './digest.ts'
import type { Reference, RepositoryName } from './names.ts'

/** A blob that exists. Nothing is opened before one of the methods is called, but for a caller that said it is going to read. */
export interface Blob {
  digest: Digest
  /** In bytes. */
  size: number
  /** The caller reads to the end or destroys the stream. */
  open(range?: ByteRange): Promise<Readable>
  /** A cheaper way to put the bytes on a socket, where the storage has one. */
  sendTo?(range: ByteRange, target: Writable): Promise<void>
  /** All bytes at once, for the many small blobs. */
  bytes(): Promise<Buffer>
  /** An address at which the client can have the bytes without us, where there is one. */
  downloadUrl?(client: DownloadClient): Promise<string | undefined>
  /** To be called by who said it was going to read, when it is done or will not. */
  close?(): void
}

/** A manifest with its exact bytes. */
export interface StoredManifest {
  digest: Digest
  mediaType: string
  bytes: Buffer
}

export interface ContentSource {
  /**
   * Undefined when the repository does not have it, whoever else does. With `isToBeRead` the caller is about to take all of its bytes: a source may
   * begin to bring them.
   */
  blob(repository: RepositoryName, digest: Digest, options?: { isToBeRead?: boolean }): Promise<Blob | undefined>

  /** Undefined when the repository has no such tag, or not this manifest. */
  manifest(repository: RepositoryName, reference: Reference): Promise<StoredManifest | undefined>
}
