// A target to which nothing is written: it tells what would be.
import type { StorageDriver } from '../../storage-drivers/driver.ts'
import type { Tell } from './tally.ts'

export function rehearsed(target: StorageDriver, tell: Tell): StorageDriver {
  async function note(key: string, bytes: number): Promise<void> {
    const isThere = (await target.stat(key)) !== undefined
    tell({ found: isThere ? 'different' : 'missing', key, bytes })
  }

  return {
    ...target,
    async write(key, bytes) {
      await note(key, bytes.length)
      return true
    },
    // The bytes are not asked for.
    writeStream: (key, _chunks, known) => note(key, known?.length ?? 0),
  }
}
