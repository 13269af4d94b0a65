// An upload in progress as one growing file, where CNCF distribution keeps it too.
import fs from 'node:fs'
import path from 'node:path'
import type { Batches } from '../driver.ts'
import type { GrowingBytes } from '../keyed-staging.ts'
import { freePieces } from '../piece-memory.ts'
import { appendAll } from './append.ts'
import { fdatasync } from './calls.ts'
import { makeFolder, moveLargeInto, syncEntries, writeTemp } from './durable.ts'
import type { Paths } from './paths.ts'
import { tempPath } from './temp-files.ts'

/** Chunks gathered for one write call: the more, the fewer trips through the thread pool; all uploads of this process share what they may keep. */
const maxGatherBytes = 1024 * 1024
const minGatherBytes = 128 * 1024
const sharedGatherBytes = 4 * 1024 * 1024
/** As many uploads as still stay in the processor's cache while they wait for the thread pool. */
const fewUploads = 2
let appending = 0
/** Written bytes after which the kernel is asked to begin putting them on disk, so that the last sync is short. */
const syncEveryBytes = 64 * 1024 * 1024
const readBufferBytes = 1024 * 1024

/** One that nobody comes back to: `commit` makes it durable, and only that. */
export async function writeStreamToFile(paths: Paths, key: string, chunks: Batches): Promise<void> {
  const file = tempPath(paths.temp)
  const growing = growingFile(paths, file, { syncsAppends: false })
  try {
    await growing.append(chunks)
    await growing.commit(key)
  } catch (error) {
    // Its folder stays: others are about to write there.
    fs.rmSync(file, { force: true })
    throw error
  }
}

export function growingFile(paths: Paths, file: string, { syncsAppends }: { syncsAppends: boolean }): GrowingBytes {
  return {
    async size() {
      return fs.statSync(file, { throwIfNoEntry: false })?.size
    },

    async append(chunks) {
      const fd = openForAppend(file)
      appending++
      try {
        const failure = await appendChunks(fd, chunks)
        if (syncsAppends) await fdatasync(fd)
        if (failure !== undefined) throw failure.error
        return fs.fstatSync(fd).size
      } finally {
        appending--
        fs.closeSync(fd)
      }
    },

    async read(start = 0) {
      return fs.createReadStream(file, { start, highWaterMark: readBufferBytes })
    },

    async commit(key) {
      const target = paths.of(key)
      await moveLargeInto(fs.existsSync(file) ? await synced(file) : await writeTemp(paths, new Uint8Array()), target)
      await syncEntries(paths, [target])
    },
  }
}

/** Bytes that a process received before it was killed are in the file, but nobody has synced them. For all others this costs nothing. */
async function synced(file: string): Promise<string> {
  const fd = fs.openSync(file, 'r')
  try {
    await fdatasync(fd)
    return file
  } finally {
    fs.closeSync(fd)
  }
}

function openForAppend(file: string): number {
  makeFolder(path.dirname(file))
  return fs.openSync(file, 'a', 0o666)
}

function lengthOf(batch: readonly Uint8Array[]): number {
  return batch.reduce((sum, { length }) => sum + length, 0)
}

/** Writes while the source delivers, at most one write behind. Returns the source's failure; throws the storage's. */
async function appendChunks(fd: number, chunks: Batches): Promise<{ error: unknown } | undefined> {
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  let unsyncedBytes = 0
  let writing: Promise<void> = Promise.resolve()
  let syncing: Promise<void> | undefined

  const startWrite = (): void => {
    const batch = gathered
    unsyncedBytes += gatheredBytes
    writing = appendAll(fd, batch, appending > fewUploads).then(() => freePieces(batch))
    // The failure is seen at the next await of `writing`; without this, one that comes earlier would end the process.
    writing.catch(() => {})
    gathered = []
    gatheredBytes = 0
    if (unsyncedBytes >= syncEveryBytes && syncing === undefined) {
      unsyncedBytes = 0
      syncing = fdatasync(fd).then(
        () => (syncing = undefined),
        () => (syncing = undefined),
      )
    }
  }

  let failure: { error: unknown } | undefined
  const source = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      let next: IteratorResult<readonly Uint8Array[]>
      try {
        next = await source.next()
      } catch (error) {
        failure = { error }
        break
      }
      if (next.done) break
      // Not all at once as arguments: in chunks of one byte they are hundreds of thousands.
      for (const piece of next.value) gathered.push(piece)
      gatheredBytes += lengthOf(next.value)
      if (gatheredBytes < Math.min(maxGatherBytes, Math.max(minGatherBytes, sharedGatherBytes / appending))) continue
      await writing
      startWrite()
    }
    await writing
    startWrite()
    await writing
  } catch (error) {
    await source.return?.()
    throw error
  } finally {
    await syncing
  }
  return failure
}
