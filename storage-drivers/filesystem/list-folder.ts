// Lists keys out of a folder tree in the order of an object store, reading only the folders that the consumer reaches.
import fs from 'node:fs'
import type { ListOptions } from '../driver.ts'
import { isAbsence } from './durable.ts'
import { freshCache } from './fresh-cache.ts'
import { tempFolderName } from './paths.ts'

const cacheBytes = 24 * 1024 * 1024
/** Existence checks block the process: after this many, others get their turn. */
const checksPerTurn = 500

interface FolderContent {
  /** File names, and folder names with a trailing slash, in ASCII order of the names without the slash. */
  byName: string[]
  /** The same entries in ASCII order with the slash: the order of whole keys. Made on first use. */
  byKey?: string[]
}

export type FolderLister = (folder: string, prefix: string, options: ListOptions) => AsyncIterable<string>

/** A lister with a cache of folders, checked against the folder's time stamps at each use. */
export function folderLister(): FolderLister {
  const contents = freshCache<FolderContent>({
    maxBytes: cacheBytes,
    load: readContent,
    weigh: ({ byName }) => byName.reduce((sum, name) => sum + 24 + name.length, 0),
  })

  async function* listChildren(folder: string, prefix: string, options: ListOptions): AsyncIterable<string> {
    const content = contents.get(folder)
    if (content === undefined) return
    const { byName } = content
    let checks = 0
    for (let index = firstBehind(byName, childAfter(prefix, options.after)); index < byName.length; index++) {
      const name = byName[index] as string
      if (name.endsWith('/')) {
        if (++checks % checksPerTurn === 0) await new Promise(setImmediate)
        if (!holdsAnything(folder, name, options.holding)) continue
      }
      yield prefix + name
    }
  }

  function holdsAnything(folder: string, name: string, holding: string | undefined): boolean {
    if (holding !== undefined) return fs.existsSync(`${folder}/${name}${holding}`)
    return hasFile(`${folder}/${name.slice(0, -1)}`)
  }

  /** A folder that a crash left without any file is nothing to an object store. */
  function hasFile(folder: string): boolean {
    const names = contents.get(folder)?.byName ?? []
    return names.some((name) => !name.endsWith('/')) || names.some((name) => hasFile(`${folder}/${name.slice(0, -1)}`))
  }

  async function* listDeep(folder: string, prefix: string, after: string | undefined): AsyncIterable<string> {
    const content = contents.get(folder)
    if (content === undefined) return
    content.byKey ??= [...content.byName].sort(ascii)
    for (const name of content.byKey) {
      const entry = prefix + name
      if (!name.endsWith('/')) {
        if (after === undefined || entry > after) yield entry
      } else if (after === undefined || entry > after || after.startsWith(entry)) {
        yield* listDeep(`${folder}/${name.slice(0, -1)}`, entry, after)
      }
    }
  }

  return (folder, prefix, options) =>
    options.delimiter === undefined ? listDeep(folder, prefix, options.after) : listChildren(folder, prefix, options)
}

function readContent(folder: string, stat: fs.Stats): FolderContent | undefined {
  if (!stat.isDirectory()) return undefined
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true })
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    return { byName: names.filter((name) => name !== `${tempFolderName}/`).sort(byNameWithoutSlash) }
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** The part of `after` that decides among the entries directly under `prefix`; an `after` before them all decides nothing. */
function childAfter(prefix: string, after: string | undefined): string | undefined {
  if (after === undefined) return undefined
  if (after.startsWith(prefix)) return after.slice(prefix.length)
  return after < prefix ? undefined : '\u{10ffff}'
}

/** Index of the first entry whose name (without slash) is greater. */
function firstBehind(byName: string[], after: string | undefined): number {
  if (after === undefined) return 0
  let low = 0
  let high = byName.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (withoutSlash(byName[middle] as string) > after) high = middle
    else low = middle + 1
  }
  return low
}

function byNameWithoutSlash(a: string, b: string): number {
  return ascii(withoutSlash(a), withoutSlash(b))
}

function ascii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function withoutSlash(name: string): string {
  return name.endsWith('/') ? name.slice(0, -1) : name
}
