// Names for temporary files, and the removal of those that a dead process left behind.
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { rm } from './calls.ts'
import { systemCode } from '../storage-error.ts'

const abandonedAfterMs = 60 * 60 * 1000

/** Tells this process from an earlier one with the same process id, as in a restarted container. */
const nonce = randomBytes(6).toString('hex')
const host = os.hostname().replace(/[^A-Za-z0-9.-]/g, '_')
let count = 0

/** A path that no other process uses, below the temporary folder. */
export function tempPath(tempFolder: string): string {
  return path.join(tempFolder, `${host}~${process.pid}~${nonce}~${++count}`)
}

/** Removes what processes that no longer run left in the temporary folder, and what is older than an hour whoever made it. */
export async function removeLeftovers(tempFolder: string, now: number = Date.now()): Promise<void> {
  for (const name of namesIn(tempFolder)) {
    const leftover = path.join(tempFolder, name)
    if (isAbandoned(name, leftover, now)) await rm(leftover, { recursive: true, force: true })
  }
}

function isAbandoned(name: string, leftover: string, now: number): boolean {
  const [owner, pid, ownersNonce] = name.split('~')
  if (owner === host && ownersNonce !== nonce && (Number(pid) === process.pid || !isRunning(Number(pid)))) return true
  const stat = fs.statSync(leftover, { throwIfNoEntry: false })
  return stat !== undefined && now - stat.mtimeMs > abandonedAfterMs
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
