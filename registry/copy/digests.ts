// Whether content is what its digest says, read to its last byte.
import type { StorageDriver } from '../../storage-drivers/driver.ts'
import { algorithmOf, createDigester, type Digest } from '../digest.ts'
import { blobKey, blobsPrefix } from '../layout.ts'
import { kindOf } from './kinds.ts'
import { sideBySide } from './side-by-side.ts'
import type { CopyTally, Tell } from './tally.ts'

/** False when it has another one, or is not there. */
export async function hasItsDigest(
  driver: StorageDriver,
  digest: Digest,
  passed: (bytes: number) => void = () => {},
): Promise<boolean> {
  const stream = await driver.read(blobKey(digest))
  if (stream === undefined) return false
  const digester = createDigester(algorithmOf(digest))
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    digester.update(chunk)
    passed(chunk.length)
  }
  return digester.digest() === digest
}

export interface DigestCheck {
  target: StorageDriver
  tally: CopyTally
  tell: Tell
  signal: AbortSignal
  atOnce: number
  stop: (error: unknown) => void
}

/** Reads every blob of the target. */
export async function checkDigests({ target, tally, tell, signal, atOnce, stop }: DigestCheck): Promise<void> {
  const passed = (bytes: number): void => {
    signal.throwIfAborted()
    tally.movedBytes += bytes
  }
  await sideBySide(target.list(blobsPrefix), { atOnce, stop }, async (key) => {
    const kind = kindOf(key)
    if (kind.is !== 'blob') return
    const { digest } = kind
    try {
      if (!(await hasItsDigest(target, digest, passed))) tell({ found: 'damaged', where: 'target', digest })
    } catch (error) {
      signal.throwIfAborted()
      tell({
        found: 'unreadable',
        where: 'target',
        key,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
    tally.digests++
    noteShare(tally, digest)
  })
}

/** Digests are spread evenly, and listed in their order. */
export function noteShare(tally: CopyTally, digest: Digest): void {
  const digits = digest.slice('sha256:'.length, 'sha256:'.length + 4)
  // Those of sha512 come behind all others, and are few.
  tally.share = algorithmOf(digest) === 'sha256' ? Number.parseInt(digits, 16) / 0x1_0000 : 1
}
