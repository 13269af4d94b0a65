/** Options that were called otherwise before: the older name is translated, so the schema knows only the newer. */
import type { Findings } from './problems.ts'
import { dottedName, isNull, itemsAt, nodeAt, originAt, removeAt, setAt } from './source-tree.ts'
import type { MapNode, Path, SourceNode } from './source-tree.ts'

interface OldName {
  readonly from: Path
  readonly to: Path
}

export const oldNames: readonly OldName[] = [
  { from: ['loglevel'], to: ['log', 'level'] },
  { from: ['storage', 's3aws'], to: ['storage', 's3'] },
  { from: ['storage', 'cache', 'layerinfo'], to: ['storage', 'cache', 'blobdescriptor'] },
  { from: ['redis', 'addr'], to: ['redis', 'addrs'] },
  { from: ['redis', 'pool', 'maxidle'], to: ['redis', 'maxidleconns'] },
  { from: ['redis', 'pool', 'maxactive'], to: ['redis', 'poolsize'] },
  { from: ['redis', 'pool', 'idletimeout'], to: ['redis', 'connmaxidletime'] },
]

/** Sections that hold nothing but older names; a key in them that is not one of those is left for the unknown keys. */
const emptiedSections: readonly Path[] = [['redis', 'pool']]

export function translateOldNames(root: MapNode, findings: Findings): void {
  for (const { from, to } of [...oldNames, ...misspelledByDistribution(root)]) {
    const node = nodeAt(root, from)
    if (node === undefined) continue
    removeAt(root, from)
    if (isNull(node)) continue
    if (isNull(nodeAt(root, to))) setAt(root, to, node)
    else findings.warning(node.origin, `${dottedName(from)} is ignored, since ${dottedName(to)} is given too.`)
  }
  for (const path of emptiedSections) if (isEmptyMap(nodeAt(root, path))) removeAt(root, path)
}

function misspelledByDistribution(root: MapNode): OldName[] {
  return itemsAt(root, ['middleware', 'storage']).map((_, index) => {
    const options: Path = ['middleware', 'storage', index, 'options']
    return { from: [...options, 'updatefrenquency'], to: [...options, 'updatefrequency'] }
  })
}

function isEmptyMap(node: SourceNode | undefined): boolean {
  return node?.kind === 'map' && node.entries.size === 0
}

/** TLS 1.0 and 1.1, which version 2 of distribution still spoke: what is safer is taken instead. */
export function raiseOldTls(root: MapNode, findings: Findings): void {
  const path: Path = ['http', 'tls', 'minimumtls']
  const node = nodeAt(root, path)
  if (node?.kind !== 'scalar' || !/^tls1\.[01]$/iu.test(String(node.value))) return
  findings.warning(
    originAt(root, path),
    'http.tls.minimumtls is raised to tls1.2: older versions of TLS are not spoken.',
  )
  setAt(root, path, { ...node, value: 'tls1.2' })
}
