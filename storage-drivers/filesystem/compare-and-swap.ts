// `ifMatch` on a file system: a lock file around compare and write, since no system call does both.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemCode } from '../storage-error.ts'

/** The critical section is one small read and one small write; a lock this old belongs to a dead process. */
const staleAfterMs = 30_000
const retryMs = 2

/** Runs `work` while no other process does so for the same file. */
export async function withLockFile<T>(tempFolder: string, file: string, work: () => Promise<T>): Promise<T> {
  const lock = path.join(tempFolder, `lock~${createHash('sha256').update(file).digest('hex')}`)
  while (!tryLock(tempFolder, lock)) await sleep(retryMs)
  try {
    return await work()
  } finally {
    fs.unlinkSync(lock)
  }
}

function tryLock(tempFolder: string, lock: string): boolean {
  try {
    fs.closeSync(fs.openSync(lock, 'wx'))
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') fs.mkdirSync(tempFolder, { recursive: true })
    else if (systemCode(error) !== 'EEXIST') throw error
    removeStale(lock)
    return false
  }
}

function removeStale(lock: string): void {
  const stat = fs.statSync(lock, { throwIfNoEntry: false })
  if (stat !== undefined && Date.now() - stat.mtimeMs > staleAfterMs) fs.rmSync(lock, { force: true })
}
