// `ifMatch` on a file system: a lock file around compare and write, since no system call does both.
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder, unlink } from './calls.ts'
import { isAbsence } from './durable.ts'
import { systemCode } from '../storage-error.ts'

/** The critical section is one small read and one small write; a lock this old belongs to a dead process. */
const staleAfterMs = 30_000
const retryMs = 2

/** Runs `work` while no other process does so for the same file. */
export async function withLockFile<T>(tempFolder: string, file: string, work: () => Promise<T>): Promise<T> {
  const lock = path.join(tempFolder, `lock~${createHash('sha256').update(file).digest('hex')}`)
  while (!(await tryLock(tempFolder, lock))) await sleep(retryMs)
  try {
    return await work()
  } finally {
    await unlink(lock)
  }
}

async function tryLock(tempFolder: string, lock: string): Promise<boolean> {
  try {
    fs.closeSync(fs.openSync(lock, 'wx'))
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') await makeFolder(tempFolder)
    else if (systemCode(error) !== 'EEXIST') throw error
    await removeStale(lock)
    return false
  }
}

async function removeStale(lock: string): Promise<void> {
  const stat = fs.statSync(lock, { throwIfNoEntry: false })
  if (stat === undefined || Date.now() - stat.mtimeMs < staleAfterMs) return
  await unlink(lock).catch((error: unknown) => {
    if (!isAbsence(error)) throw error
  })
}
