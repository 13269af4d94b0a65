// Keeps everything in this process and forgets it with the process: for tests and for trying things out.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { checkedKey } from './keys.ts'
import type { Batches, ByteRange, ListOptions, StorageDriver, StoredValue } from './driver.ts'
import { stageWithNotes, type GrowingBytes } from './keyed-staging.ts'

interface MemoryObject {
  bytes: Buffer
  modifiedAt: number
}

export function openMemoryDriver(now: () => number = Date.now): StorageDriver {
  const objects = new Map<string, MemoryObject>()

  function versionOf(bytes: Buffer): string {
    return createHash('sha256').update(bytes).digest('base64url')
  }

  function matches(key: string, options: { ifAbsent?: boolean; ifMatch?: string }): boolean {
    const present = objects.get(key)
    if (options.ifAbsent && present !== undefined) return false
    if (options.ifMatch !== undefined) return present !== undefined && versionOf(present.bytes) === options.ifMatch
    return true
  }

  function entries(prefix: string, options: ListOptions): string[] {
    const found = new Set<string>()
    for (const key of objects.keys()) {
      if (!key.startsWith(prefix)) continue
      const cut = options.delimiter === undefined ? -1 : key.indexOf('/', prefix.length)
      const entry = cut < 0 ? key : key.slice(0, cut + 1)
      if (options.after !== undefined && withoutSlash(entry) <= options.after) continue
      if (cut >= 0 && options.holding !== undefined && !objects.has(entry + options.holding)) continue
      found.add(entry)
    }
    return [...found].sort((a, b) => (withoutSlash(a) < withoutSlash(b) ? -1 : 1))
  }

  const driver: StorageDriver = {
    name: 'inmemory',
    isRemote: false,
    comparesAndSwaps: true,

    async stat(key) {
      const object = objects.get(key)
      return object && { size: object.bytes.length, modifiedAt: object.modifiedAt }
    },

    async get(key): Promise<StoredValue | undefined> {
      const object = objects.get(key)
      return object && { bytes: object.bytes, version: versionOf(object.bytes) }
    },

    async read(key, range?: ByteRange) {
      const object = objects.get(key)
      return object && readableOf(range ? object.bytes.subarray(range.start, range.end + 1) : object.bytes)
    },

    async write(key, bytes, options = {}) {
      if (!matches(key, options)) return false
      objects.set(checkedKey(key), { bytes: Buffer.from(bytes), modifiedAt: now() })
      return true
    },

    async writeInOrder(entries) {
      for (const { key, bytes } of entries)
        objects.set(checkedKey(key), { bytes: Buffer.from(bytes), modifiedAt: now() })
    },

    async delete(key) {
      objects.delete(key)
    },

    async deleteAll(prefix) {
      for (const key of objects.keys()) if (key.startsWith(prefix)) objects.delete(key)
    },

    async *list(prefix, options = {}) {
      yield* entries(prefix, options)
    },

    async writeStream(key, chunks) {
      const bytes = await joined(chunks)
      objects.set(checkedKey(key), { bytes, modifiedAt: now() })
    },

    stage: (keys) => stageWithNotes(driver, keys, growInMemory(objects, keys.data, now)),

    async ping() {},
    async close() {},
  }
  return driver
}

async function joined(chunks: Batches): Promise<Buffer> {
  const arrived: Buffer[] = []
  for await (const batch of chunks) arrived.push(Buffer.concat(batch))
  return Buffer.concat(arrived)
}

function growInMemory(objects: Map<string, MemoryObject>, key: string, now: () => number): GrowingBytes {
  return {
    async size() {
      return objects.get(key)?.bytes.length
    },

    async append(chunks) {
      const arrived: Uint8Array[] = [objects.get(key)?.bytes ?? Buffer.alloc(0)]
      const keep = (): number => {
        const bytes = Buffer.concat(arrived)
        objects.set(key, { bytes, modifiedAt: now() })
        return bytes.length
      }
      try {
        for await (const batch of chunks) arrived.push(Buffer.concat(batch))
      } catch (error) {
        keep()
        throw error
      }
      return keep()
    },

    async read(start = 0) {
      return readableOf((objects.get(key)?.bytes ?? Buffer.alloc(0)).subarray(start))
    },

    async commit(target) {
      const bytes = objects.get(key)?.bytes ?? Buffer.alloc(0)
      objects.set(target, { bytes, modifiedAt: now() })
      objects.delete(key)
    },
  }
}

function readableOf(bytes: Buffer): Readable {
  // A copy: whoever passes it on to a driver may have its memory freed.
  return Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)], { objectMode: false })
}

function withoutSlash(entry: string): string {
  return entry.endsWith('/') ? entry.slice(0, -1) : entry
}
