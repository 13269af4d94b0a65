// What lies in a registry's root folder (docs/storage-layout.md): for what cannot be seen over HTTP.
import fs from 'node:fs'
import path from 'node:path'

/** Everything below `root`, files and folders, relative to it. */
export function entriesOf(root: string): string[] {
  for (;;) {
    if (!fs.existsSync(root)) return []
    try {
      return fs.readdirSync(root, { recursive: true }) as string[]
    } catch (error) {
      // The server has just removed a folder in it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Leftovers of unfinished uploads. */
export function uploadEntries(root: string): string[] {
  return entriesOf(root).filter((entry) => entry.includes('/_uploads/'))
}

/** Files on their way in, and folders on their way out. */
export function temporaryEntries(root: string): string[] {
  return entriesOf(path.join(root, '.lading-tmp'))
}

/** `location` is the upload's address. */
export function uploadDataFile(root: string, repository: string, location: string): string {
  const { pathname } = new URL(location, 'http://registry.test')
  return path.join(root, 'docker/registry/v2/repositories', repository, '_uploads', path.basename(pathname), 'data')
}

/** docs/storage-layout.md, Durability: what may be lost, or be there half. */
export const exemptFromSync = /\/_uploads\/[^/]+\/(startedat|lading-state)$|\/_manifests\/tags\/[^/]+\/index\//
