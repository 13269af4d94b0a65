// A folder in memory where the machine has such: what survives kill -9 is up to the kernel, not to the disk, and waiting for a disk costs hours.
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from '../../../testing/fresh-folder.ts'

const memory = '/dev/shm'

/** Removed when the process ends. */
export function memoryFolder(): string {
  if (!isWritable(memory)) return freshFolder()
  const folder = fs.mkdtempSync(path.join(memory, 'lading-'))
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

function isWritable(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}
