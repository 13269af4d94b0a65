/** Where the two directories differ in the end: every path and content of the shared layout, less what each keeps for itself. */
import { readTree } from '../support/trees.ts'
import type { Both, Difference } from './pair.ts'

export interface TreeContext {
  /** Digests that only one of them may have stored, because it alone accepted a request. */
  readonly doubtful: ReadonlySet<string>
  /** From the id of an upload to a name that is the same on both sides. */
  readonly uploads: ReadonlyMap<string, string>
}

/** docs/storage-layout.md says whose these are. */
const ownPaths = [
  /\/_uploads\/[^/]+\/lading-state$/,
  /\/_uploads\/[^/]+\/hashstates\//,
  /\/_referrers\//,
  /\/_mediatypes\//,
]
const absent = '(none)'

export function compareTrees(roots: Both<string>, context: TreeContext): Difference[] {
  const distribution = sharedTree(roots.distribution, context)
  const lading = sharedTree(roots.lading, context)
  const paths = [...new Set([...distribution.keys(), ...lading.keys()])].sort()
  return paths.flatMap((path) => {
    const contents = { distribution: distribution.get(path) ?? absent, lading: lading.get(path) ?? absent }
    if (contents.distribution === contents.lading) return []
    return [{ what: `tree ${kindOf(path)}`, aspect: 'tree', ...contents, reproduction: [path] }]
  })
}

function sharedTree(root: string, { doubtful, uploads }: TreeContext): Map<string, string> {
  const tree = new Map<string, string>()
  for (const [path, content] of readTree(root)) {
    if (ownPaths.some((pattern) => pattern.test(path))) continue
    const [, algorithm, hex] = /^blobs\/([^/]+)\/[^/]+\/([^/]+)\/data$/.exec(path) ?? []
    if (doubtful.has(`${algorithm}:${hex}`)) continue
    const named = path.replace(/(?<=\/_uploads\/)[^/]+/, (id) => uploads.get(id) ?? id)
    tree.set(named, path.endsWith('/startedat') ? 'a time' : content)
  }
  return tree
}

/** The path without names and digests. */
function kindOf(path: string): string {
  return path
    .replace(/^repositories\/.*?\/(?=_)/, '')
    .replace(/(?<=_uploads\/)[^/]+/, '<id>')
    .replace(/(?<=tags\/)[^/]+/, '<tag>')
    .replace(/[0-9a-f]{2}\/[0-9a-f]{64,}|[0-9a-f]{64,}/, '<hex>')
}
