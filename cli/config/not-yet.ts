/**
 * Sections that are read and checked but do not work in this version. Using one keeps the registry from starting, since
 * a setting that is silently without effect is worse, above all auth. Whoever makes a section work deletes its entry.
 */
import type { Findings } from './problems.ts'
import { dottedName, itemsAt, nodeAt, originAt, textAt } from './source-tree.ts'
import type { MapNode, Path } from './source-tree.ts'

interface NotYet {
  /** What the documentation marks. */
  readonly section: Path
  /** The places where it is used. */
  readonly uses: (root: MapNode) => Path[]
  readonly wayOut: string
}

const openToEveryone =
  'Remove the auth section only if the registry may be open to everyone who can reach it; ' +
  'otherwise let a proxy in front of it ask for passwords.'

export const notYet: readonly NotYet[] = [
  { section: ['auth', 'htpasswd'], uses: (root) => present(root, ['auth', 'htpasswd']), wayOut: openToEveryone },
  { section: ['auth', 'token'], uses: (root) => present(root, ['auth', 'token']), wayOut: openToEveryone },
  { section: ['auth', 'silly'], uses: (root) => present(root, ['auth', 'silly']), wayOut: openToEveryone },
  {
    section: ['proxy'],
    uses: (root) => (textAt(root, ['proxy', 'remoteurl']) === undefined ? [] : [['proxy']]),
    wayOut: 'Remove the proxy section to run a registry that stores what is pushed to it.',
  },
  {
    section: ['notifications'],
    uses: (root) => enabledItems(root, ['notifications', 'endpoints']),
    wayOut: 'Remove the endpoint or set disabled: true.',
  },
  ...['repository', 'registry'].map((kind) => ({
    section: ['middleware', kind],
    uses: (root: MapNode) => enabledItems(root, ['middleware', kind]),
    wayOut: 'There are none built in. Remove the entry or set disabled: true.',
  })),
]

export function refuseWhatDoesNotWorkYet(root: MapNode, findings: Findings): void {
  for (const { uses, wayOut } of notYet) {
    for (const path of uses(root)) {
      const sentence = `${dottedName(path)} is not supported yet by this version of lading. ${wayOut}`
      findings.problem(originAt(root, path), sentence)
    }
  }
}

function present(root: MapNode, path: Path): Path[] {
  return nodeAt(root, path) === undefined ? [] : [path]
}

function enabledItems(root: MapNode, list: Path): Path[] {
  return itemsAt(root, list)
    .map((_, index): Path => [...list, index])
    .filter((path) => !/^(?:true|yes|on|y)$/iu.test(textAt(root, [...path, 'disabled']) ?? ''))
}
