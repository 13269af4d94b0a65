/** Options of distribution that this registry knows and does not have: told, then taken out of the tree. */
import type { Findings } from './problems.ts'
import { isNull, itemsAt, keysAt, nodeAt, originAt, removeAt, textAt } from './source-tree.ts'
import type { MapNode, Path } from './source-tree.ts'

interface ForeignOption {
  readonly path: Path
  readonly sentence: string
  /** What would be unsafe to leave out keeps the registry from starting. */
  readonly refused?: true
  readonly isUsed?: (root: MapNode) => boolean
}

export const foreignOptions: readonly ForeignOption[] = [
  {
    path: ['log', 'hooks'],
    sentence: 'is ignored: this registry sends no mail. Watch its log or its metrics instead.',
  },
  { path: ['reporting'], sentence: 'is ignored: this registry reports to no outside service.' },
  { path: ['compatibility'], sentence: 'is ignored: manifests of schema 1 are not converted or signed.' },
  {
    path: ['policy'],
    sentence: 'is ignored: repositories of every class are accepted.',
    isUsed: (root) => itemsAt(root, ['policy', 'repository', 'classes']).length > 0,
  },
  {
    path: ['http', 'h2c'],
    sentence: 'is ignored: clear-text HTTP/2 is not spoken; HTTP/1.1 is, which every client understands.',
    isUsed: (root) => textAt(root, ['http', 'h2c', 'enabled']) === 'true',
  },
  {
    path: ['http', 'tls', 'letsencrypt'],
    sentence:
      'is not supported: certificates are not fetched, so there would be no TLS. ' +
      'Give http.tls.certificate and http.tls.key, or put a proxy that speaks TLS in front and remove this section.',
    refused: true,
    isUsed: (root) => textAt(root, ['http', 'tls', 'letsencrypt', 'cachefile']) !== undefined,
  },
]

const refusedDrivers: ReadonlyMap<string, string> = new Map([
  ['azure', 'Azure Blob Storage'],
  ['gcs', 'Google Cloud Storage'],
  ['swift', 'OpenStack Swift'],
  ['oss', 'Alibaba Cloud OSS'],
])

export function removeForeignOptions(root: MapNode, findings: Findings): void {
  for (const { path, sentence, refused, isUsed } of foreignOptions) {
    if (nodeAt(root, path) === undefined) continue
    const told = isUsed?.(root) ?? !isNull(nodeAt(root, path))
    if (told) findings[refused ? 'problem' : 'warning'](originAt(root, path), `${path.join('.')} ${sentence}`)
    removeAt(root, path)
  }
  for (const driver of keysAt(root, ['storage'])) {
    const name = refusedDrivers.get(driver)
    if (name === undefined) continue
    findings.problem(
      originAt(root, ['storage', driver]),
      `storage.${driver} is not supported: this registry does not store in ${name}. Use storage.filesystem or storage.s3${driver === 'azure' ? '' : ' (most stores speak S3 as well)'}.`,
    )
  }
}

export function isRefusedDriver(driver: string): boolean {
  return refusedDrivers.has(driver)
}
