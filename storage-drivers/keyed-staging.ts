// Uploads in progress for drivers whose calls are cheap: when it began and what is noted of it are small values beside the growing bytes.
import type { Batches, StagedUpload, StagingKeys, StorageDriver } from './driver.ts'
import type { Readable } from 'node:stream'

/** The growing bytes themselves. */
export interface GrowingBytes {
  /** Undefined when nothing was ever appended. */
  size(): Promise<number | undefined>
  /** Keeps what arrived, and makes it durable, also when the source fails. */
  append(chunks: Batches): Promise<number>
  read(start?: number): Promise<Readable>
  commit(key: string): Promise<void>
}

type Values = Pick<StorageDriver, 'stat' | 'get' | 'write' | 'deleteAll'>

export function stageWithNotes(driver: Values, keys: StagingKeys, bytes: GrowingBytes): StagedUpload {
  /** May be lost with the machine's power: the bytes are read again then, and an upload that nobody knows is begun again. */
  const note = async (text: string): Promise<void> => {
    await driver.write(keys.note, Buffer.from(text), { ephemeral: true })
  }
  return {
    async begin(startedAt, text) {
      await driver.write(keys.begun, Buffer.from(startedAt), { ephemeral: true })
      if (text !== '') await note(text)
      return undefined
    },

    async find() {
      if ((await driver.stat(keys.begun)) === undefined) return undefined
      return { size: (await bytes.size()) ?? 0, note: (await driver.get(keys.note))?.bytes.toString() ?? '' }
    },

    append: (chunks) => bytes.append(chunks),

    async save(text) {
      // The bytes are durable before this is written, so a note that survives a power loss is true.
      await note(text)
      return undefined
    },

    read: (start) => bytes.read(start),
    commit: (key) => bytes.commit(key),
    discard: () => driver.deleteAll(keys.begun.slice(0, keys.begun.lastIndexOf('/') + 1)),
  }
}
