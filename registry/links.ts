// Link files: one digest each, no newline. Trees written by older registries hold torn ones; they count as absent and are reported.
import type { KeyedValue, StorageDriver } from '../storage-drivers/driver.ts'
import { digestIn, type Digest } from './digest.ts'
import type { Log } from './log.ts'

const maxReported = 1000

export interface Links {
  /** The digest in the link, which need not be the one in its key; undefined when there is no link, or a torn one. */
  read(key: string): Promise<Digest | undefined>
  /** Writes the link unless it is there already. */
  write(key: string, digest: Digest): Promise<void>
  /** What has to be written for the link to be there: the link, or nothing. */
  missing(key: string, digest: Digest): Promise<KeyedValue[]>
}

export function createLinks(driver: StorageDriver, log: Log): Links {
  const reported = new Set<string>()

  function report(key: string): undefined {
    if (reported.size >= maxReported || reported.has(key)) return
    reported.add(key)
    log.warn({ key }, 'link is empty or torn and was treated as absent; push its content again to repair it')
  }

  async function read(key: string): Promise<Digest | undefined> {
    const value = await driver.get(key)
    if (value === undefined) return undefined
    return digestIn(value.bytes.toString('latin1').trimEnd()) ?? report(key)
  }

  /** Where a look costs as much as writing, nobody looks: the same link again changes nothing. */
  async function isThere(key: string, digest: Digest): Promise<boolean> {
    return !driver.isRemote && (await read(key)) === digest
  }

  return {
    read,

    async write(key, digest) {
      if (!(await isThere(key, digest))) await driver.write(key, Buffer.from(digest))
    },

    missing: async (key, digest) => ((await isThere(key, digest)) ? [] : [{ key, bytes: Buffer.from(digest) }]),
  }
}
