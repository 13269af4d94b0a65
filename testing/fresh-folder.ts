// A folder of its own for a test, removed when the process ends.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const made: string[] = []

export function freshFolder(): string {
  if (made.length === 0)
    process.once('exit', () => made.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })))
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lading-'))
  made.push(folder)
  return folder
}
