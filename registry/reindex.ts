// Rebuilds what is derived from the manifests, for trees in which an older registry left it out.
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { Digest } from './digest.ts'
import { digestInKey, revisionsPrefix } from './layout.ts'
import type { Log } from './log.ts'
import { parseStoredManifest } from './manifest.ts'
import type { RepositoryName } from './names.ts'
import type { Registry } from './registry.ts'

export interface ReindexReport {
  repositories: number
  manifests: number
  /** Manifests that name a subject: each has its entry now. */
  referrers: number
  /** Manifests that could not be read; they are in the log. */
  unreadable: number
}

/** Adds an entry for every manifest that names a subject. Safe beside a running registry, and to repeat. */
export async function reindexReferrers(registry: Registry, driver: StorageDriver, log: Log): Promise<ReindexReport> {
  const report: ReindexReport = { repositories: 0, manifests: 0, referrers: 0, unreadable: 0 }
  for await (const repository of registry.repositories.list()) {
    report.repositories++
    for await (const key of driver.list(revisionsPrefix(repository))) {
      const digest = key.endsWith('/link') ? digestInKey(key) : undefined
      if (digest === undefined) continue
      report.manifests++
      try {
        if (await indexManifest(registry, { repository, digest }, driver)) report.referrers++
      } catch (error) {
        report.unreadable++
        log.warn({ repository, digest, error: String(error) }, 'manifest could not be read and was not indexed')
      }
    }
  }
  return report
}

async function indexManifest(
  { manifests, referrers }: Registry,
  { repository, digest }: { repository: RepositoryName; digest: Digest },
  driver: StorageDriver,
): Promise<boolean> {
  const stored = await manifests.find(repository, digest)
  if (stored === undefined) throw new Error('its bytes are missing or damaged')
  const manifest = parseStoredManifest(stored.bytes, stored.mediaType)
  if (manifest.subject === undefined) return false
  await driver.writeInOrder(await referrers.missing(repository, stored, manifest))
  return true
}
