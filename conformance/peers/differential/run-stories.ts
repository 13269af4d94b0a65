/** Tells stories until enough has been asked, each from a seed of its own, so that any of them can be told again alone. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import type { BaseContent } from './base-content.ts'
import { compareTrees } from './compare-trees.ts'
import { Diverged, openPair, type Both, type Difference } from './pair.ts'
import { createRandom } from './random.ts'
import { askForOddPaths, askTheBase, useOddNames, useOtherMethods } from './stories/addresses.ts'
import { askForOddDigests, deleteBlobs, pullBlobs, pushSha512 } from './stories/blobs.ts'
import { emptyARepository, orderTheCatalog } from './stories/last.ts'
import { listCatalog, listTagPages } from './stories/lists.ts'
import { askForOddReferences, pullManifests } from './stories/manifest-pulls.ts'
import { pushBigManifests, pushIndexes, pushMoveAndDelete, pushReferrers } from './stories/manifest-pushes.ts'
import { pushOddManifests } from './stories/odd-manifests.ts'
import { mountBlobs, postWholeBlobs, startOddUploads } from './stories/starts.ts'
import { walkThroughAnUpload } from './stories/uploads.ts'
import type { Story } from './story.ts'

export interface Told {
  /** With the way to tell its story again at the end of each reproduction. */
  readonly differences: readonly Difference[]
  readonly stories: number
  readonly requests: number
}

export interface Telling {
  readonly urls: Both<string>
  readonly roots: Both<string>
  readonly base: BaseContent
  readonly seed: string
  /** How many requests are enough. */
  readonly requests: number
  /** Tells this story alone. */
  readonly only: number | undefined
}

const kinds: readonly (readonly [weight: number, story: Story])[] = [
  [3, askTheBase],
  [5, askForOddPaths],
  [6, useOddNames],
  [4, useOtherMethods],
  [8, listTagPages],
  [7, pullBlobs],
  [5, askForOddDigests],
  [5, deleteBlobs],
  [2, pushSha512],
  [7, pullManifests],
  [5, askForOddReferences],
  [6, pushMoveAndDelete],
  [7, pushIndexes],
  [16, pushOddManifests],
  [3, pushReferrers],
  [2, pushBigManifests],
  [7, mountBlobs],
  [8, postWholeBlobs],
  [4, startOddUploads],
  [24, walkThroughAnUpload],
]
/** One after the other, when nothing else changes: they look at all repositories, and the last ones make a difference there. */
const lastStories = [...Array.from({ length: 16 }, () => listCatalog), emptyARepository, orderTheCatalog]
const firstOfTheLast = 90_000
const atOnce = 4
const storyByLot = kinds.flatMap(([weight, story]) => Array.from({ length: weight }, () => story))

export async function tellStories(telling: Telling): Promise<Told> {
  const { roots, seed, only } = telling
  const differences: Difference[] = []
  const doubtful = new Set<string>()
  const uploads = new Map<string, string>()
  let requests = 0
  let stories = 0

  const tell = async (at: number, chosen?: Story): Promise<void> => {
    const random = createRandom(`${seed} ${at}`)
    const story = chosen ?? random.pick(storyByLot)
    const repository = `story-${String(at).padStart(5, '0')}`
    const pair = openPair(telling.urls)
    try {
      await story({ pair, random, repository, base: telling.base })
    } catch (error) {
      if (!(error instanceof Diverged)) throw error
      for (const root of Object.values(roots)) forget(root, repository)
      for (const digest of pair.digests) doubtful.add(digest)
    }
    const again = `again: LADING_SEED=${seed} LADING_DIFFERENTIAL_STORY=${at} (${story.name})`
    differences.push(...pair.differences.map((entry) => ({ ...entry, reproduction: [...entry.reproduction, again] })))
    for (const [own, shared] of pair.uploads) uploads.set(own, `${repository}-${shared}`)
    requests += pair.requests
    stories++
  }

  if (only !== undefined) await tell(only, lastStories[only - firstOfTheLast])
  else {
    for (let at = 0; requests < telling.requests; at += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, offset) => tell(at + offset)))
    }
    for (const [index, story] of lastStories.entries()) await tell(firstOfTheLast + index, story)
  }
  differences.push(...compareTrees(roots, { doubtful, uploads }))
  return { differences, stories, requests }
}

/** What one of them has and the other has not, is taken from both: their catalogs stay comparable. */
function forget(root: string, repository: string): void {
  rmSync(path.join(root, 'docker/registry/v2/repositories', repository), { recursive: true, force: true })
}
