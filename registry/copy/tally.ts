// What a copy has done so far, for who looks on; and what it finds that somebody should know.
import type { Digest } from '../digest.ts'
import type { RepositoryName, Tag } from '../names.ts'

export interface Count {
  /** Or to be copied, where nothing is written. */
  copied: number
  /** Were at the target already. */
  present: number
}

/** Changes while the copy goes on. */
export interface CopyTally {
  phase: 'blobs' | 'links' | 'tags' | 'digests'
  /** How much of the blobs has been looked at, from 0 to 1: digests are spread evenly, and come in order. */
  share: number
  blobs: Count
  /** Everything that is neither a blob nor a tag. */
  links: Count
  tags: Count
  /** Of the blobs that were copied. */
  copiedBytes: number
  /** That were read for it, those of blobs on their way included. */
  movedBytes: number
  /** Blobs of the target whose digest was computed. */
  digests: number
  /** Links that lead to nothing at the source: they are not copied. */
  leftOut: number
}

export type Finding =
  /** A blob whose bytes have another digest. At the source, it is not copied. */
  | { found: 'damaged'; where: 'source' | 'target'; digest: Digest }
  /** An object that could not be read. At the source, it is not copied. */
  | { found: 'unreadable'; where: 'source' | 'target'; key: string; reason: string }
  /** A tag that is not copied, since it needs what is damaged or unreadable: a digest or a key. */
  | { found: 'incomplete'; repository: RepositoryName; tag: Tag; needs: string }
  /** A tag that leads to nothing at the source. It is not copied, and no harm is done. */
  | { found: 'dangling'; repository: RepositoryName; tag: Tag }
  /** Where nothing is written: what would be. */
  | { found: 'missing' | 'different'; key: string; bytes: number }

export type Tell = (finding: Finding) => void

export function createTally(): CopyTally {
  const count = (): Count => ({ copied: 0, present: 0 })
  return {
    phase: 'blobs',
    share: 0,
    blobs: count(),
    links: count(),
    tags: count(),
    copiedBytes: 0,
    movedBytes: 0,
    digests: 0,
    leftOut: 0,
  }
}
