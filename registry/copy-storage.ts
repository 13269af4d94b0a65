// `lading copy`: everything that a storage keeps of a registry, into another storage. Safe beside running registries on both, and to repeat.
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { createBlobCopier } from './copy/blobs.ts'
import { checkDigests, noteShare } from './copy/digests.ts'
import { kindOf, type Kind } from './copy/kinds.ts'
import { createLinkCopier } from './copy/links.ts'
import { comparedKeys, keysBeside, type ListedKey } from './copy/listing.ts'
import { createManifestCopier } from './copy/manifests.ts'
import { createObjectCopier } from './copy/objects.ts'
import { rehearsed } from './copy/rehearsal.ts'
import { sideBySide } from './copy/side-by-side.ts'
import { createSource, type Outcome } from './copy/source.ts'
import type { CopyTally, Tell } from './copy/tally.ts'
import { blobsPrefix, repositoriesPrefix } from './layout.ts'

const usualPauseMs = 500

export interface CopyOptions {
  /** How many objects at a time. */
  jobs: number
  /** Changes as the copy goes on. */
  tally: CopyTally
  tell: Tell
  /** Writes nothing, and tells what it would write: what is missing or different at the target. */
  isRehearsal?: boolean
  /** Reads all blobs of the target as well, at the end. */
  checksDigests?: boolean
  signal?: AbortSignal
  /** Before the first repetition of a blob that failed, in milliseconds. */
  pauseMs?: number
}

/** Whether there is anything to copy. */
export async function holdsRegistry(driver: StorageDriver): Promise<boolean> {
  for (const prefix of [repositoriesPrefix, blobsPrefix]) for await (const _ of driver.list(prefix)) return true
  return false
}

/**
 * Copies blobs, then links, then tags; each only when what it leads to is there. What cannot be read or is damaged is told and gone past. Nothing is
 * deleted. Rejects when the target fails, the source fails for good, or the signal says so: then it can be called again, and goes on.
 */
export async function copyStorage(
  from: StorageDriver,
  to: StorageDriver,
  { jobs, tally, tell, isRehearsal, checksDigests, signal: whileWanted, pauseMs = usualPauseMs }: CopyOptions,
): Promise<void> {
  const ending = new AbortController()
  const signal = AbortSignal.any([ending.signal, ...(whileWanted === undefined ? [] : [whileWanted])])
  const concurrency = { atOnce: jobs, stop: (error: unknown) => ending.abort(error) }
  const target = isRehearsal ? rehearsed(to, tell) : to
  const source = createSource({ driver: from, tally, tell, signal })
  const parts = { source, target, tally, tell, signal, pauseMs }
  const blobs = createBlobCopier(parts)
  const links = createLinkCopier(parts, blobs)
  const manifests = createManifestCopier(parts, blobs, links)
  const object = createObjectCopier(parts, links)

  /** Those keys that the phase is about; the others have theirs. */
  async function copyIn(phase: CopyTally['phase'], { key, isListed }: ListedKey): Promise<Outcome | undefined> {
    signal.throwIfAborted()
    const kind = kindOf(key)
    if (!kindsIn[phase].includes(kind.is)) return undefined
    switch (kind.is) {
      case 'blob':
        noteShare(tally, kind.digest)
        return blobs.ensure(kind.digest, isListed)
      case 'layer':
        return links.layer(kind.repository, kind.digest, isListed)
      case 'revision':
        return manifests.revision(kind.repository, kind.digest, isListed)
      case 'tag':
        return manifests.tag(kind.repository, kind.tag, isListed)
      case 'value':
        return links.value(key, { isListed })
      case 'other':
        return object(key, isListed)
      case 'passing':
        return undefined
    }
  }

  async function run(phase: CopyTally['phase'], prefix: string): Promise<void> {
    tally.phase = phase
    await sideBySide(comparedKeys(from, target, prefix), concurrency, async (listed) => {
      const outcome = await copyIn(phase, listed)
      // What was listed as a link and leads to nothing.
      if (outcome === 'absent' && phase !== 'blobs') tally.leftOut++
    })
  }

  await run('blobs', blobsPrefix)
  await run('links', repositoriesPrefix)
  await sideBySide(keysBeside(from), concurrency, async (key) => {
    if (kindOf(key).is === 'other') await object(key)
  })
  await run('tags', repositoriesPrefix)
  if (checksDigests) {
    tally.phase = 'digests'
    await checkDigests({ target: to, tally, tell, signal, atOnce: jobs, stop: concurrency.stop })
  }
}

const kindsIn: Record<CopyTally['phase'], readonly Kind['is'][]> = {
  blobs: ['blob', 'other'],
  links: ['layer', 'revision', 'value', 'other'],
  tags: ['tag'],
  digests: [],
}
