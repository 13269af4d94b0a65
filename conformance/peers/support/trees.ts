/** What lies in a registry's directory: every file with the digest of its bytes. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { digestOf } from '../../../testing/digest-of.ts'

const v2 = 'docker/registry/v2'

/** Paths below docker/registry/v2 and what is in them: links as they are, content as its digest. Empty folders do not count. */
export function readTree(root: string): Map<string, string> {
  const folder = path.join(root, v2)
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    entries
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(folder, file), describe(file)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function describe(file: string): string {
  const bytes = readFileSync(file)
  if (file.endsWith('/link')) return bytes.toString('latin1')
  return `${bytes.length} bytes, ${digestOf(bytes)}`
}
