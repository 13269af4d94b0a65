// Copies blobs: as a stream, verified on the way, and only where the target does not have them.
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { KnownBytes, StorageDriver } from '../../storage-drivers/driver.ts'
import { verified } from '../counted-body.ts'
import { algorithmOf, digestOf, hexOf, type Digest } from '../digest.ts'
import { RegistryError, storageFailureOf } from '../errors.ts'
import { blobKey } from '../layout.ts'
import { hasItsDigest } from './digests.ts'
import { oncePerKey } from './side-by-side.ts'
import { Unreadable, type Failed, type Outcome, type Source } from './source.ts'
import type { CopyTally, Tell } from './tally.ts'

const remembered = 50_000
const attempts = 5
/** What the operator of the target has to mend first. */
const lasting = new Set(['full', 'denied', 'readonly'])

export interface CopyParts {
  source: Source
  target: StorageDriver
  tally: CopyTally
  tell: Tell
  signal: AbortSignal
  /** Before the first repetition of what failed, in milliseconds; twice as long before the next. */
  pauseMs: number
}

export interface BlobCopier {
  /**
   * Sees to it that the target has the blob, if the source has it whole. `isListed`: whether the target's list has its key, where that is known.
   * Throws when the target fails.
   */
  ensure(digest: Digest, isListed?: boolean): Promise<Outcome>
  /** The bytes of a small blob. */
  bytes(digest: Digest): Promise<Buffer | 'absent' | Failed>
}

export function createBlobCopier({ source, target, tally, tell, signal, pauseMs }: CopyParts): BlobCopier {
  const known = new LRUCache<Digest, true>({ max: remembered })
  const failed = new Map<Digest, Failed>()
  const damaged = new Set<Digest>()
  const once = oncePerKey<Outcome>()

  function report(digest: Digest): void {
    if (!damaged.has(digest)) tell({ found: 'damaged', where: 'source', digest })
    damaged.add(digest)
  }

  async function ensure(digest: Digest, isListed: boolean | undefined): Promise<Outcome> {
    const [size, targetSize] = await Promise.all([
      source.size(blobKey(digest)),
      isListed === false ? undefined : target.stat(blobKey(digest)).then((stat) => stat?.size),
    ])
    if (targetSize !== undefined && (size === undefined || size === targetSize)) {
      tally.blobs.present++
      return 'there'
    }
    if (size === undefined) return 'absent'
    if (await transfer(digest, size)) {
      tally.blobs.copied++
      tally.copiedBytes += size
      return 'there'
    }
    report(digest)
    // Whatever the source has, whole content at the target stays what it is.
    return targetSize !== undefined && (await hasItsDigest(target, digest)) ? 'there' : { needs: digest }
  }

  /** False when the bytes do not have the digest, however often they are read. Throws Unreadable, or the target's failure. */
  async function transfer(digest: Digest, size: number): Promise<boolean> {
    const key = blobKey(digest)
    for (let attempt = 1; ; attempt++) {
      const { chunks, failure } = source.stream(key, size)
      try {
        await target.writeStream(key, verified({ chunks, length: size }, digest), knownOf(digest, size))
        return true
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') {
          if (attempt > 1) return false
          continue
        }
        const isOfSource = failure() !== undefined || error instanceof RegistryError
        if (isOfSource && attempt >= attempts) throw new Unreadable(key, failure()?.error ?? error)
        if (!isOfSource && (attempt >= attempts || lasting.has(storageFailureOf(error) ?? ''))) throw error
      }
      await sleep(pauseMs * 2 ** (attempt - 1), undefined, { signal })
    }
  }

  return {
    async ensure(digest, isListed) {
      if (known.has(digest)) return 'there'
      const before = failed.get(digest)
      if (before !== undefined) return before
      return once(digest, async () => {
        const outcome = await source.past(() => ensure(digest, isListed))
        if (outcome === 'there') known.set(digest, true)
        else if (outcome !== 'absent') failed.set(digest, { needs: digest })
        return outcome
      })
    },

    async bytes(digest) {
      const isWhole = (bytes: Buffer): boolean => digestOf(bytes, algorithmOf(digest)) === digest
      const bytes = await source.get(blobKey(digest))
      if (bytes === undefined) return 'absent'
      if (isWhole(bytes)) return bytes
      report(digest)
      const copied = (await target.get(blobKey(digest)))?.bytes
      return copied !== undefined && isWhole(copied) ? copied : { needs: digest }
    },
  }
}

function knownOf(digest: Digest, length: number): KnownBytes {
  return algorithmOf(digest) === 'sha256' ? { length, sha256: hexOf(digest) } : { length }
}
