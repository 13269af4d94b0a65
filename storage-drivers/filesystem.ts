// Stores under a folder of the local (or a shared) file system, in the places where CNCF distribution's filesystem driver stores.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { ByteRange, KeyedValue, ObjectStat, StorageDriver, StoredValue, WriteOptions } from './driver.ts'
import { open, readFolder, rm } from './filesystem/calls.ts'
import { withLockFile } from './filesystem/compare-and-swap.ts'
import {
  isAbsence,
  linkInto,
  makeDurableFolder,
  moveInto,
  removeEmptyFolders,
  removeEmptyFoldersBelow,
  removeEntry,
  syncEntries,
  settleAll,
  writeTemp,
} from './filesystem/durable.ts'
import { freshCache } from './filesystem/fresh-cache.ts'
import { folderLister } from './filesystem/list-folder.ts'
import { keepsOrder } from './filesystem/order.ts'
import { pathsUnder } from './filesystem/paths.ts'
import { sendFile } from './filesystem/send-file.ts'
import { growingFile, writeStreamToFile } from './filesystem/staged-file.ts'
import { removeLeftovers, tempPath } from './filesystem/temp-files.ts'
import { stageWithNotes } from './keyed-staging.ts'
import { asStorageError } from './storage-error.ts'

const valueCacheBytes = 24 * 1024 * 1024
const largestCachedValueBytes = 64 * 1024
const readBufferBytes = 1024 * 1024

/** Opens the folder, making it if needed. Throws when it is no folder or cannot be made. */
export async function openFilesystemDriver(root: string): Promise<StorageDriver> {
  const paths = pathsUnder(root)
  await checkRoot(paths.root)

  const values = freshCache<StoredValue>({ maxBytes: valueCacheBytes, load: loadValue, weigh: weighValue })
  const list = folderLister()
  const isOrdered = keepsOrder(paths.root)

  async function write(key: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<boolean> {
    const target = paths.of(key)
    if (options.ifMatch !== undefined) return replaceIfMatch(target, bytes, options.ifMatch)
    const temp = await writeTemp(paths, bytes, options.ephemeral)
    const written = removingOnFailure(temp, () => {
      if (!options.ifAbsent) moveInto(temp, target)
      else if (!linkInto(temp, target)) return false
      return true
    })
    if (options.ifAbsent) fs.rmSync(temp, { force: true })
    if (!options.ephemeral) await syncEntries(paths, [target])
    return written
  }

  function replaceIfMatch(target: string, bytes: Uint8Array, version: string): Promise<boolean> {
    return withLockFile(paths.temp, target, async () => {
      if (values.get(target)?.version !== version) return false
      const temp = await writeTemp(paths, bytes)
      removingOnFailure(temp, () => moveInto(temp, target))
      await syncEntries(paths, [target])
      return true
    })
  }

  async function writeInOrder(entries: readonly KeyedValue[]): Promise<void> {
    const outcomes = await Promise.allSettled(entries.map(({ bytes, ephemeral }) => writeTemp(paths, bytes, ephemeral)))
    const temps = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    try {
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      await moveInOrder(entries, temps)
    } catch (error) {
      // On a full disk, what is left behind would make it fuller.
      for (const temp of temps) fs.rmSync(temp, { force: true })
      throw error
    }
  }

  async function moveInOrder(entries: readonly KeyedValue[], temps: readonly string[]): Promise<void> {
    const unsynced: string[] = []
    for (const [index, { key, ephemeral }] of entries.entries()) {
      // The last one is what makes the others reachable: where it might get to the disk first, it appears only when they are there.
      if (index === entries.length - 1 && !isOrdered) await syncEntries(paths, unsynced.splice(0))
      const target = paths.of(key)
      moveInto(temps[index] as string, target)
      if (!ephemeral) unsynced.push(target)
    }
    await syncEntries(paths, unsynced)
  }

  async function deleteAll(prefix: string): Promise<void> {
    const folder = paths.of(prefix.slice(0, -1))
    if (!fs.existsSync(folder)) return
    const out = tempPath(paths.temp)
    try {
      // Out of sight at once; the removal of the parts may take its time.
      moveInto(folder, out)
    } catch (error) {
      return ignoreAbsence(error)
    }
    await removeEmptyFolders(paths, path.dirname(folder))
    await rm(out, { recursive: true, force: true })
  }

  const smallValues = {
    async stat(key: string): Promise<ObjectStat | undefined> {
      const stat = fs.statSync(paths.of(key), { throwIfNoEntry: false })
      return stat === undefined || stat.isDirectory() ? undefined : { size: stat.size, modifiedAt: stat.mtimeMs }
    },

    async get(key: string): Promise<StoredValue | undefined> {
      return values.get(paths.of(key))
    },
    write,
    deleteAll,
  }

  return namingFailures({
    name: 'filesystem',
    isRemote: false,
    comparesAndSwaps: true,
    ...smallValues,

    read: (key, range) => readStream(paths.of(key), range),
    writeInOrder,
    writeStream: (key, chunks) => writeStreamToFile(paths, key, chunks),
    delete: (key) => removeEntry(paths, paths.of(key)),
    list: (prefix, options = {}) => list(prefix === '' ? paths.root : paths.of(prefix.slice(0, -1)), prefix, options),
    stage: (keys) => stageWithNotes(smallValues, keys, growingFile(paths, paths.of(keys.data), { syncsAppends: true })),
    sendTo: (key, range, target) => sendFile(paths.of(key), range, target),
    async recover() {
      await removeLeftovers(paths.temp)
      await settleAll(paths.root)
    },
    tidy: (prefix) => removeEmptyFoldersBelow(paths.of(prefix.slice(0, -1))),
    async ping() {
      await readFolder(paths.root)
    },
    async close() {},
  })
}

async function checkRoot(root: string): Promise<void> {
  const stat = fs.statSync(root, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isDirectory()) throw new Error(`${root} is not a folder`)
  if (stat === undefined) await makeDurableFolder(root)
}

/** On a full disk, temporary files that are left behind would make it fuller. */
function removingOnFailure<T>(temp: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    fs.rmSync(temp, { force: true })
    throw error
  }
}

function loadValue(file: string, stat: fs.Stats): StoredValue | undefined {
  if (stat.isDirectory()) return undefined
  try {
    const bytes = inMemoryOfItsOwn(fs.readFileSync(file))
    return { bytes, version: createHash('sha256').update(bytes).digest('base64url') }
  } catch (error) {
    return ignoreAbsence(error)
  }
}

/** Node cuts small buffers from larger ones: a link of 71 bytes that is remembered would keep 64 KiB. */
function inMemoryOfItsOwn(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** Values beyond the limit weigh more than the cache holds, so it does not keep them. */
function weighValue({ bytes }: StoredValue): number {
  return bytes.length > largestCachedValueBytes ? valueCacheBytes + 1 : bytes.length
}

async function readStream(file: string, range: ByteRange | undefined): Promise<Readable | undefined> {
  let fd: number
  try {
    fd = await open(file, 'r')
  } catch (error) {
    return ignoreAbsence(error)
  }
  return fs.createReadStream(file, { fd, highWaterMark: readBufferBytes, ...range })
}

function ignoreAbsence(error: unknown): undefined {
  if (isAbsence(error)) return undefined
  throw error
}

/** Turns the system's error codes into the failures that the driver's contract names, in one place for all methods. */
function namingFailures(driver: StorageDriver): StorageDriver {
  const guard = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      try {
        return await method(...args)
      } catch (error) {
        throw asStorageError(error)
      }
    }
  }
  return {
    ...driver,
    stat: guard(driver.stat),
    get: guard(driver.get),
    read: guard(driver.read),
    write: guard(driver.write),
    writeInOrder: guard(driver.writeInOrder),
    writeStream: guard(driver.writeStream),
    delete: guard(driver.delete),
    deleteAll: guard(driver.deleteAll),
    stage(keys) {
      const staged = driver.stage(keys)
      return {
        begin: guard(staged.begin),
        find: guard(staged.find),
        append: guard(staged.append),
        save: guard(staged.save),
        read: guard(staged.read),
        commit: guard(staged.commit),
        discard: guard(staged.discard),
      }
    },
  }
}
