/** The list of deliberate differences; docs/differences.md is made from it. */
import { errorDifferences } from './known/errors.ts'
import type { KnownDifference, Pattern } from './known/known-difference.ts'
import { listDifferences } from './known/lists.ts'
import { pullDifferences } from './known/pulls.ts'
import { pushDifferences } from './known/pushes.ts'
import { treeDifferences } from './known/trees.ts'
import type { Difference } from './pair.ts'

/** The first one that fits counts. */
export const knownDifferences: Readonly<Record<string, readonly KnownDifference[]>> = {
  'Errors and addresses': errorDifferences,
  Pulling: pullDifferences,
  Lists: listDifferences,
  Storage: treeDifferences,
  Pushing: pushDifferences,
}
const all = Object.values(knownDifferences).flat()

/** The difference's entry, if it is a known one. */
export function entryOf(difference: Difference): KnownDifference | undefined {
  return all.find(({ seen }) => seen.some((pattern) => fits(pattern, difference)))
}

export function unlisted(differences: readonly Difference[]): Difference[] {
  return differences.filter((difference) => entryOf(difference) === undefined)
}

/** Entries that nothing in the run was an example of. */
export function unseen(differences: readonly Difference[]): string[] {
  const found = new Set(differences.map((difference) => entryOf(difference)?.id))
  return all.map(({ id }) => id).filter((id) => !found.has(id))
}

function fits({ what, aspect = 'outcome', distribution, lading }: Pattern, difference: Difference): boolean {
  const isAspect = typeof aspect === 'string' ? aspect === difference.aspect : aspect.test(difference.aspect)
  return (
    isAspect &&
    (what === undefined || what.test(difference.what)) &&
    distribution.test(difference.distribution) &&
    lading.test(difference.lading)
  )
}
