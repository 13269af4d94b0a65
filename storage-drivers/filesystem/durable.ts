// What makes a change of the file system survive a power loss: temporary file, fsync, rename, fsync of every folder whose entries are new.
import fs from 'node:fs'
import path from 'node:path'
import { LRUCache } from 'lru-cache'
import { execFile, fsync, readEntries, rename, rmdir } from './calls.ts'
import { groupCommitOf } from './group-commit.ts'
import type { Paths } from './paths.ts'
import { tempPath } from './temp-files.ts'
import { systemCode } from '../storage-error.ts'

const attempts = 20

/** Writes the bytes to a new temporary file and returns its path; not durable if `ephemeral`. */
export async function writeTemp(paths: Paths, bytes: Uint8Array, ephemeral = false): Promise<string> {
  const temp = tempPath(paths.temp)
  const fd = openNew(temp)
  try {
    for (let written = 0; written < bytes.length;) written += fs.writeSync(fd, bytes, written)
    if (!ephemeral) await groupCommitOf(paths.root)(() => fsync(fd))
    return temp
  } catch (error) {
    fs.rmSync(temp, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

function openNew(temp: string): number {
  try {
    return fs.openSync(temp, 'wx', 0o666)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    makeFolder(path.dirname(temp))
    return fs.openSync(temp, 'wx', 0o666)
  }
}

/** Moves a complete file to its place. A folder that another process removed in between is made again. Not durable before `syncEntries`. */
export function moveInto(source: string, target: string): void {
  inFolder(target, () => fs.renameSync(source, target))
}

/** The same for a file that was just filled with many bytes: its move can wait for the disk, and nobody else shall wait with it. */
export async function moveLargeInto(source: string, target: string): Promise<void> {
  const folder = path.dirname(target)
  for (let attempt = 1; ; attempt++) {
    makeFolder(folder)
    try {
      return await rename(source, target)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || attempt === attempts) throw error
    }
  }
}

/** Puts a complete file at a place where nothing is; false when something is. Not durable before `syncEntries`. */
export function linkInto(source: string, target: string): boolean {
  try {
    inFolder(target, () => fs.linkSync(source, target))
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

function inFolder(target: string, change: () => void): void {
  const folder = path.dirname(target)
  for (let attempt = 1; ; attempt++) {
    // To look first is cheaper than to fail.
    makeFolder(folder)
    try {
      return change()
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || attempt === attempts) throw error
    }
  }
}

/**
 * From the top down, looking before each step: Node's recursive mkdir begins at the bottom and fails its way up, and says ENOENT on a
 * read-only file system.
 */
export function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return
  makeFolder(path.dirname(folder))
  try {
    fs.mkdirSync(folder)
  } catch (error) {
    // Another process was faster, or has just removed the folder above: then the move fails, and it begins again.
    if (systemCode(error) !== 'EEXIST' && systemCode(error) !== 'ENOENT') throw error
  }
}

/** Folders whose own entry this process knows to be on disk: path, and what tells a folder from a later one of the same name. */
const settled = new LRUCache<string, string>({ max: 50_000 })

/**
 * Makes the entries at `targets` durable: their folders, and above them every folder that this process has not yet seen settled. Another process
 * may have made it a moment ago, or for something ephemeral, and what we acknowledge must not hang on that.
 */
export async function syncEntries(paths: Paths, targets: readonly string[]): Promise<void> {
  const pending = new Set<string>()
  const settling: [folder: string, identity: string][] = []
  for (const target of targets) {
    for (let folder = path.dirname(target); !pending.has(folder); folder = path.dirname(folder)) {
      pending.add(folder)
      if (folder.length <= paths.root.length) break
      const identity = identityOf(folder)
      if (identity === undefined || settled.get(folder) === identity) break
      settling.push([folder, identity])
    }
  }
  await Promise.all(Array.from(pending, (each) => syncFolder(paths, each)))
  for (const [folder, identity] of settling) settled.set(folder, identity)
}

function identityOf(folder: string): string | undefined {
  const stat = fs.statSync(folder, { throwIfNoEntry: false })
  return stat && `${stat.ino}@${stat.birthtimeMs}`
}

/** Makes the folder and those above it, durably. */
export async function makeDurableFolder(folder: string): Promise<void> {
  const parents: string[] = []
  for (let missing = folder; !fs.existsSync(missing); missing = path.dirname(missing))
    parents.push(path.dirname(missing))
  makeFolder(folder)
  await Promise.all(parents.map(syncFolderNow))
}

function syncFolder(paths: Paths, folder: string): Promise<void> {
  return groupCommitOf(paths.root)(() => syncFolderNow(folder))
}

async function syncFolderNow(folder: string): Promise<void> {
  let fd: number
  try {
    fd = fs.openSync(folder, 'r')
  } catch (error) {
    // Removed by a delete in the meantime: then there is no entry left to make durable.
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  try {
    await fsync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/**
 * Puts on disk what any process has changed on the folder's file system: one that was killed may have shown what it did not come to sync, and the
 * next one would take it for durable.
 */
export async function settleAll(folder: string): Promise<void> {
  // syncfs(2), which Node does not have, is in coreutils and busybox.
  await execFile('sync', ['-f', folder])
}

/** Removes a file and the folders that it leaves empty. What is absent already counts as removed. */
export async function removeEntry(paths: Paths, target: string): Promise<void> {
  try {
    fs.unlinkSync(target)
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
      fs.rmdirSync(current)
    } catch (error) {
      if (!isAbsence(error) && systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error
      if (!isAbsence(error)) break
    }
    current = path.dirname(current)
  }
  await syncFolder(paths, current)
}

/** Removes every folder below `folder` that holds no file. */
export async function removeEmptyFoldersBelow(folder: string): Promise<void> {
  for (const entry of await readEntries(folder).catch(ignoringAbsence)) {
    if (!entry.isDirectory()) continue
    const child = path.join(folder, entry.name)
    await removeEmptyFoldersBelow(child)
    // Not empty, or gone: either way not ours to remove. Whoever is about to put a file there makes the folder again.
    await rmdir(child).catch(() => {})
  }
}

function ignoringAbsence(error: unknown): [] {
  if (isAbsence(error)) return []
  throw error
}

export function isAbsence(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
