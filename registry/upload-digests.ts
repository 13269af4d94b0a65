// The digest of an upload's bytes between its requests: in storage the digest so far, in this process the digester itself.
import { LRUCache } from 'lru-cache'
import type { StagedUpload } from '../storage-drivers/driver.ts'
import {
  createDigester,
  createMovableDigester,
  digestIn,
  isAlgorithm,
  resumeDigester,
  type Algorithm,
  type Digest,
  type Digester,
  type MovableDigester,
} from './digest.ts'
import type { UploadId } from './names.ts'

const maxDigesters = 2000

/** What is noted in storage: `digest` is that of the first `size` bytes. */
export interface UploadNote {
  algorithm: Algorithm
  size: number
  digest: Digest
  /** The digester's inner state, where it can travel. */
  digester?: string
}

export interface Wanted {
  algorithm: Algorithm
  /** Bytes that the digester must have seen. */
  size: number
  note: UploadNote | undefined
  /** Whether the next request may reach another process, for which reading the bytes again is expensive. */
  isMovable: boolean
}

export interface UploadDigests {
  /** A digester that has seen exactly so many bytes of the upload: kept, resumed, or caught up by reading what it missed. */
  digesterAt(id: UploadId, staged: StagedUpload, wanted: Wanted): Promise<Digester>
  keep(id: UploadId, digester: Digester, size: number): void
  forget(id: UploadId): void
}

export function createUploadDigests(): UploadDigests {
  const kept = new LRUCache<UploadId, { digester: Digester; size: number }>({ max: maxDigesters })

  async function nearest(
    id: UploadId,
    { algorithm, size, note, isMovable }: Wanted,
  ): Promise<{ digester: Digester; size: number }> {
    const own = kept.get(id)
    // It is about to be fed: if that fails half-way, nobody may find it again.
    kept.delete(id)
    const fits = own !== undefined && own.digester.algorithm === algorithm && own.size <= size
    if (fits && (!isMovable || isMovableDigester(own.digester))) return own
    if (note?.digester !== undefined && note.algorithm === algorithm && note.size <= size) {
      const digester = await resumeDigester(algorithm, note.digester)
      if (digester !== undefined) return { digester, size: note.size }
    }
    if (fits && own.size === size && size > 0) return own
    return { digester: isMovable ? await createMovableDigester(algorithm) : createDigester(algorithm), size: 0 }
  }

  return {
    async digesterAt(id, staged, wanted) {
      const { digester, size } = await nearest(id, wanted)
      if (size < wanted.size) for await (const chunk of await staged.read(size)) digester.update(chunk as Buffer)
      return digester
    },

    keep: (id, digester, size) => void kept.set(id, { digester, size }),
    forget: (id) => void kept.delete(id),
  }
}

export function noteOf(digester: Digester, size: number): string {
  const note: UploadNote = { algorithm: digester.algorithm, size, digest: digester.digest() }
  return JSON.stringify(isMovableDigester(digester) ? { ...note, digester: digester.save() } : note)
}

/** Undefined when the text is no note of ours. */
export function noteIn(text: string): UploadNote | undefined {
  if (text === '') return undefined
  try {
    const { algorithm, size, digest, digester } = JSON.parse(text) as Record<string, unknown>
    const parsed = digestIn(String(digest))
    if (typeof algorithm !== 'string' || !isAlgorithm(algorithm) || typeof size !== 'number' || !parsed)
      return undefined
    return { algorithm, size, digest: parsed, ...(typeof digester === 'string' ? { digester } : {}) }
  } catch {
    return undefined
  }
}

function isMovableDigester(digester: Digester): digester is MovableDigester {
  return 'save' in digester
}
