// A folder of its own for a test, removed when the process ends.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const made: string[] = []

/** In `parent`, or where the system keeps temporary files. */
export function freshFolder(parent = os.tmpdir()): string {
  if (made.length === 0)
    process.once('exit', () => made.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })))
  const folder = fs.mkdtempSync(path.join(parent, 'lading-'))
  made.push(folder)
  return folder
}
