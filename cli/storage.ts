// The storage that the configuration names: the only place that constructs drivers.
import type { Log } from '../registry/log.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import type { Configuration } from './config/schema.ts'
import { s3Options } from './s3-options.ts'
import { applyStorageMiddleware } from './storage-middleware.ts'

/** Throws, with the option's name, when the storage cannot be used. */
export async function openStorage({ storage }: Configuration): Promise<StorageDriver> {
  if (storage.s3 !== undefined) return openBucket(storage.s3, storage.maintenance.readonly.enabled)
  if (storage.filesystem === undefined) return openMemoryDriver()
  try {
    return await openFilesystemDriver(storage.filesystem.rootdirectory)
  } catch (error) {
    throw new Error(
      `storage.filesystem.rootdirectory cannot be used: ${(error as Error).message}. Give a folder that this user may write to.`,
      { cause: error },
    )
  }
}

/** For a process that answers requests: with what the configuration puts between storage and clients. */
export async function openServedStorage(configuration: Configuration, log: Log): Promise<StorageDriver> {
  const driver = await openStorage(configuration)
  const { storage } = configuration.middleware
  return storage.length === 0 ? driver : applyStorageMiddleware(driver, storage, log)
}

async function openBucket(
  s3: NonNullable<Configuration['storage']['s3']>,
  isReadonly: boolean,
): Promise<StorageDriver> {
  const { openS3Driver } = await import('../storage-drivers/s3.ts')
  try {
    return await openS3Driver(s3Options(s3), { isReadonly })
  } catch (error) {
    throw new Error(
      `storage.s3: the bucket ${s3.bucket} cannot be used: ${(error as Error).message}. ` +
        'Check bucket, region, regionendpoint and the credentials.',
      { cause: error },
    )
  }
}

/** To be called before anything is served, and after a worker's death. What cannot be recovered is no reason not to serve. */
export async function recoverStorage(driver: StorageDriver, log: Log): Promise<void> {
  try {
    await driver.recover?.()
  } catch (error) {
    log.warn({ error: String(error) }, 'what a killed process left could not be removed and put on disk')
  }
}

/** Memory belongs to one process. */
export function needsOneProcess({ storage }: Configuration): boolean {
  return storage.inmemory !== undefined
}
