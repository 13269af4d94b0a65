// The bytes of one request on their way into storage: counted, digested, and held against what the client announced.
import type { Batches } from '../storage-drivers/driver.ts'
import { algorithmOf, createDigester, type Digest, type Digester } from './digest.ts'
import { RegistryError } from './errors.ts'

/** What one request tells of an upload, and the bytes that it brings, if any. */
export interface UploadRequest {
  chunks?: Batches
  /** Where the client believes that the bytes begin; without it they follow what is there. */
  start?: number
  /** How many the client announced. */
  length?: number
  /** The upload's version as the client was last told it. */
  version?: string
}

export interface UploadBody extends UploadRequest {
  chunks: Batches
}

export interface Counted {
  chunks: Batches
  bytes(): number
  /** The client failed, and the storage did not fail over it: all bytes counted so far are kept. */
  isOfSource(error: unknown): boolean
}

export function countAndDigest(body: UploadBody, digester: Digester): Counted {
  let bytes = 0
  let failure: { error: unknown } | undefined
  async function* pass(): Batches {
    try {
      for await (const batch of body.chunks) {
        const added = batch.reduce((sum, { length }) => sum + length, 0)
        if (body.length !== undefined && bytes + added > body.length) {
          throw new RegistryError('SIZE_INVALID', {
            message: 'the body is longer than announced',
            detail: { announced: body.length },
          })
        }
        bytes += added
        for (const chunk of batch) digester.update(chunk)
        yield batch
      }
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  return { chunks: pass(), bytes: () => bytes, isOfSource: (error) => failure !== undefined && failure.error === error }
}

/** The bytes of a whole blob: ends well only when they are as many as announced and have the digest; else throws SIZE_INVALID or DIGEST_INVALID. */
export async function* verified(body: UploadBody, digest: Digest): Batches {
  const digester = createDigester(algorithmOf(digest))
  const counted = countAndDigest(body, digester)
  /** A storage that counts bytes may take the last ones for the end of it all: they come only when all of them are right. */
  let held: readonly Uint8Array[] | undefined
  for await (const batch of counted.chunks) {
    if (held !== undefined) yield held
    held = batch
  }
  checkLength(body, counted.bytes())
  checkDigest(digest, digester.digest())
  if (held !== undefined) yield held
}

/** Throws DIGEST_INVALID. */
export function checkDigest(expected: Digest, actual: Digest): void {
  if (actual !== expected) throw new RegistryError('DIGEST_INVALID', { detail: { expected, actual } })
}

/** Throws SIZE_INVALID when fewer bytes came than were announced. */
export function checkLength({ length }: UploadBody, received: number): void {
  if (length !== undefined && received !== length) {
    throw new RegistryError('SIZE_INVALID', { detail: { announced: length, received } })
  }
}
