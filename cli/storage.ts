// The storage that the configuration names: the only place that constructs drivers.
import type { Log } from '../registry/log.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import type { Configuration } from './config/schema.ts'

/** Throws, with the option's name, when the storage cannot be used. */
export async function openStorage({ storage }: Configuration): Promise<StorageDriver> {
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

/** To be called before anything is served, and after a worker's death. What cannot be recovered is no reason not to serve. */
export async function recoverStorage(driver: StorageDriver, log: Log): Promise<void> {
  try {
    await driver.recover?.()
  } catch (error) {
    log.warn({ error: String(error) }, 'what a killed process left could not be removed and put on disk')
  }
}

/** Locks work only among those who share them, and memory belongs to one process. */
export function needsOneProcess({ storage }: Configuration): boolean {
  return storage.filesystem === undefined
}
