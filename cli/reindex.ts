// `lading reindex`: rebuilds the referrers index of a storage; may run beside the registry.
import { inProcessLocker } from '../coordination/in-process.ts'
import { reindexReferrers } from '../registry/reindex.ts'
import { composeRegistry } from './compose.ts'
import { readConfiguration } from './config/read-configuration.ts'
import { openLog } from './log.ts'
import { openStorage } from './storage.ts'

export async function reindex(file: string | undefined): Promise<void> {
  const { configuration } = readConfiguration(file)
  const log = openLog(configuration.log)
  const driver = await openStorage(configuration)
  // Entries are written by nobody else and mean the same whoever writes them: there is nothing to lock.
  const registry = composeRegistry(configuration, { driver, locker: inProcessLocker(), log })
  const { repositories, manifests, referrers, unreadable } = await reindexReferrers(registry, driver, log)
  await driver.close()
  log.flush()
  console.log(
    `${repositories} repositories, ${manifests} manifests, ${referrers} referrers indexed, ${unreadable} unreadable`,
  )
}
