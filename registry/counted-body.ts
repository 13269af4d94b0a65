// The bytes of one request on their way into storage: counted, digested, and held against what the client announced.
import type { Batches } from '../storage-drivers/driver.ts'
import type { Digester } from './digest.ts'
import { RegistryError } from './errors.ts'

/** Bytes of one request. */
export interface UploadBody {
  chunks: Batches
  /** Where the client believes that they begin; without it they follow what is there. */
  start?: number
  /** How many the client announced. */
  length?: number
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

/** Throws SIZE_INVALID when fewer bytes came than were announced. */
export function checkLength({ length }: UploadBody, received: number): void {
  if (length !== undefined && received !== length) {
    throw new RegistryError('SIZE_INVALID', { detail: { announced: length, received } })
  }
}
