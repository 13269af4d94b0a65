// What makes a change of the file system survive a power loss: temporary file, fsync, rename, fsync of every folder whose entries are new.
import fs from 'node:fs'
import path from 'node:path'
import { appendAll, close, fsync, link, makeFolder, open, rename, rmdir, unlink } from './calls.ts'
import type { Paths } from './paths.ts'
import { tempPath } from './temp-files.ts'
import { systemCode } from '../storage-error.ts'

/** A folder older than this has been made durable by whoever made it. */
const settledAfterMs = 10_000
const attempts = 20

/** Writes the bytes to a new temporary file and returns its path. */
export async function writeTemp(paths: Paths, bytes: Uint8Array, ephemeral: boolean): Promise<string> {
  const temp = tempPath(paths.temp)
  const fd = await openNew(temp)
  try {
    await appendAll(fd, [bytes])
    if (!ephemeral) await fsync(fd)
  } finally {
    await close(fd)
  }
  return temp
}

async function openNew(temp: string): Promise<number> {
  try {
    return await open(temp, 'ax', 0o666)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    await makeFolder(path.dirname(temp))
    return open(temp, 'ax', 0o666)
  }
}

export interface PublishOptions {
  /** Leave what is at the target; the answer is then false. */
  ifAbsent?: boolean
  ephemeral?: boolean
}

/** Moves a complete file to its place. A folder that another process removed in between is made again. */
export async function publish(paths: Paths, source: string, target: string, options: PublishOptions = {}): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await (options.ifAbsent ? link(source, target) : rename(source, target))
      break
    } catch (error) {
      if (options.ifAbsent && systemCode(error) === 'EEXIST') return false
      if (systemCode(error) !== 'ENOENT' || attempt === attempts) throw error
      await makeFolder(path.dirname(target))
    }
  }
  if (!options.ephemeral) await syncEntry(paths, target)
  return true
}

/**
 * Makes the entry at `target` durable: its folder, and each folder above as long as they are young. Young folders may have been made a moment
 * ago by a process that has not synced them yet, and what we acknowledge must not hang on them.
 */
async function syncEntry(paths: Paths, target: string): Promise<void> {
  const youngerThan = Date.now() - settledAfterMs
  const pending: Promise<void>[] = []
  for (let folder = path.dirname(target); ; folder = path.dirname(folder)) {
    pending.push(syncFolder(folder))
    if (folder.length <= paths.root.length) break
    const stat = fs.statSync(folder, { throwIfNoEntry: false })
    if (stat !== undefined && stat.birthtimeMs < youngerThan) break
  }
  await Promise.all(pending)
}

interface FolderSync {
  running: Promise<void>
  next?: Promise<void>
}

const folderSyncs = new Map<string, FolderSync>()

/** fsync of a folder. Everyone who asks while one runs shares the one after it. */
export function syncFolder(folder: string): Promise<void> {
  const current = folderSyncs.get(folder)
  if (current === undefined) return startFolderSync(folder)
  current.next ??= current.running.catch(() => {}).then(() => startFolderSync(folder))
  return current.next
}

function startFolderSync(folder: string): Promise<void> {
  const sync: FolderSync = { running: syncFolderNow(folder) }
  folderSyncs.set(folder, sync)
  const settle = (): void => {
    if (folderSyncs.get(folder) === sync && sync.next === undefined) folderSyncs.delete(folder)
  }
  sync.running.then(settle, settle)
  return sync.running
}

async function syncFolderNow(folder: string): Promise<void> {
  let fd: number
  try {
    fd = await open(folder, 'r')
  } catch (error) {
    // Removed by a delete in the meantime: then there is no entry left to make durable.
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  try {
    await fsync(fd)
  } finally {
    await close(fd)
  }
}

/** Removes a file and the folders that it leaves empty. What is absent already counts as removed. */
export async function removeEntry(paths: Paths, target: string): Promise<void> {
  try {
    await unlink(target)
  } catch (error) {
    if (isAbsence(error)) return
    throw error
  }
  await removeEmptyFolders(paths, path.dirname(target))
}

/** Removes `folder` and those above while they are empty, and makes the last removal durable. */
export async function removeEmptyFolders(paths: Paths, folder: string): Promise<void> {
  let current = folder
  while (current.length > paths.root.length) {
    try {
      await rmdir(current)
    } catch (error) {
      if (!isAbsence(error) && systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error
      if (!isAbsence(error)) break
    }
    current = path.dirname(current)
  }
  await syncFolder(current)
}

export function isAbsence(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
