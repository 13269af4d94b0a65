// Removes uploads that nobody has touched for long: distribution's `uploadpurging`.
import { withLock, type Locker } from '../coordination/locker.ts'
import { blobsPrefix, lastSegment, repositoriesPrefix, uploadPrefix, uploadsPrefix } from '../registry/layout.ts'
import type { Log } from '../registry/log.ts'
import type { RepositoryName, UploadId } from '../registry/names.ts'
import type { Repositories } from '../registry/repositories.ts'
import { uploadLock } from '../registry/uploads.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'

export interface PurgeParts {
  driver: StorageDriver
  repositories: Repositories
  locker: Locker
  log: Log
  now: () => number
}

export interface PurgeOptions {
  /** How long ago the last byte must have arrived. */
  ageMs: number
  /** Only tells what it would remove. */
  dryRun: boolean
}

/** Resolves to the number of uploads that were (or would be) removed. One that cannot be removed is reported and skipped. */
export async function purgeExpiredUploads(parts: PurgeParts, { ageMs, dryRun }: PurgeOptions): Promise<number> {
  const { driver, repositories, log, now } = parts
  let purged = 0
  for await (const repository of repositories.listAll()) {
    for await (const entry of driver.list(uploadsPrefix(repository), { delimiter: '/' })) {
      const id = lastSegment(entry) as UploadId
      try {
        const isExpired = async () => (await lastTouched(driver, repository, id)) <= now() - ageMs
        if (!(await isExpired())) continue
        if (!dryRun && !(await removeIf(isExpired, parts, { repository, id }))) continue
        log.info({ repository, upload: id, dryRun }, 'expired upload was removed')
        purged++
      } catch (error) {
        log.warn({ repository, upload: id, error: String(error) }, 'expired upload could not be removed')
      }
    }
    if (dryRun) continue
    try {
      await driver.tidy?.(uploadsPrefix(repository))
    } catch (error) {
      log.warn({ repository, error: String(error) }, 'empty upload folders could not be removed')
    }
  }
  if (!dryRun) await dropUnfinished(driver, { before: now() - ageMs, log })
  return purged
}

/** What no list of objects shows: an upload that was purged, or never came so far as to be found, may have left it. */
async function dropUnfinished(driver: StorageDriver, { before, log }: { before: number; log: Log }): Promise<void> {
  try {
    let dropped = 0
    // Below our own prefixes only: the bucket may be somebody else's too.
    for (const prefix of [blobsPrefix, repositoriesPrefix])
      dropped += (await driver.dropUnfinished?.(prefix, before)) ?? 0
    if (dropped > 0) log.info({ dropped }, 'abandoned multipart uploads were aborted')
  } catch (error) {
    log.warn({ error: String(error) }, 'abandoned multipart uploads could not be aborted')
  }
}

async function lastTouched(driver: StorageDriver, repository: RepositoryName, id: UploadId): Promise<number> {
  let last = 0
  for await (const key of driver.list(uploadPrefix(repository, id))) {
    last = Math.max(last, (await driver.stat(key))?.modifiedAt ?? 0)
  }
  return last
}

/** Asks again under the lock: the client may have come back while another request held it. */
async function removeIf(
  isExpired: () => Promise<boolean>,
  { driver, locker }: PurgeParts,
  { repository, id }: { repository: RepositoryName; id: UploadId },
): Promise<boolean> {
  return withLock(locker, [uploadLock(repository, id)], async () => {
    if (!(await isExpired())) return false
    await driver.deleteAll(uploadPrefix(repository, id))
    return true
  })
}
