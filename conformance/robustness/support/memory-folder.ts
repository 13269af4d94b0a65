// A folder in memory where the machine has such: what survives kill -9 is up to the kernel, not to the disk, and waiting for a disk costs hours.
import fs from 'node:fs'
import { freshFolder } from '../../../testing/fresh-folder.ts'

const memory = '/dev/shm'

/** Removed when the process ends. */
export function memoryFolder(): string {
  return isWritable(memory) ? freshFolder(memory) : freshFolder()
}

function isWritable(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}
