// Lists in the order of names. S3 sorts whole keys, so a folded entry comes behind those that continue its name with a sign below the slash
// (`1.0-alpha/` before `1.0/`): such entries are looked for and put in front where they belong.
import type { ListOptions } from '../driver.ts'
import type { Bucket } from './bucket.ts'

const looksAtOnce = 32
/** A page of keys that tells of fewer names than this is not worth its price: then S3 folds, and each name is looked at. */
const fewNames = 250

/** An entry without its slash, and without the prefix. */
interface Entry {
  name: string
  isFolded: boolean
}

interface Page {
  entries: Entry[]
  isLast: boolean
}

export async function* listKeys(bucket: Bucket, prefix: string, after: string | undefined): AsyncGenerator<string> {
  // S3 wants something behind which to begin; what lies before the prefix says nothing.
  const start = after !== undefined && after > prefix ? { after } : {}
  for (let from: string | undefined; ;) {
    const page = await bucket.list(prefix, { ...start, from })
    for (const key of page.keys) if (after === undefined || key > after) yield key
    if (page.isLast || page.next === undefined) return
    from = page.next
  }
}

export async function* listFolded(
  bucket: Bucket,
  prefix: string,
  { after, holding }: Pick<ListOptions, 'after' | 'holding'>,
): AsyncGenerator<string> {
  const last = after === undefined || after <= prefix ? '' : after.slice(prefix.length)
  if (after !== undefined && after > prefix && !after.startsWith(prefix)) return
  const holds = (name: string): Promise<boolean> => isThere(bucket, `${prefix}${name}/`, holding)
  const pages = holding === undefined ? foldedPages(bucket, prefix, last) : holdingPages(bucket, prefix, last, holding)
  for await (const { name, isFolded } of inOrder(pages, last, holds)) {
    if (name > last) yield `${prefix}${name}${isFolded ? '/' : ''}`
  }
}

async function isThere(bucket: Bucket, folder: string, holding: string | undefined): Promise<boolean> {
  if (holding !== undefined) return (await bucket.head(folder + holding)) !== undefined
  return (await bucket.list(folder, { limit: 1 })).keys.length > 0
}

/** What S3 folds by itself. */
async function* foldedPages(bucket: Bucket, prefix: string, last: string): AsyncGenerator<Page> {
  for (let from: string | undefined; ;) {
    const page = await bucket.list(prefix, { delimiter: '/', from, ...(last === '' ? {} : { after: prefix + last }) })
    const folded = page.prefixes.map((entry) => ({ name: entry.slice(prefix.length, -1), isFolded: true }))
    const plain = page.keys.map((key) => ({ name: key.slice(prefix.length), isFolded: false }))
    const isLast = page.isLast || page.next === undefined
    yield { entries: [...folded, ...plain].sort(bySortKey), isLast }
    if (isLast) return
    from = page.next
  }
}

/** Names that hold the key, found by folding ourselves: so most pages of S3 answer for all of their names at once. */
async function* holdingPages(bucket: Bucket, prefix: string, last: string, holding: string): AsyncGenerator<Page> {
  let position = last
  for (;;) {
    const page = await bucket.list(prefix, position === '' ? {} : { after: prefix + position })
    const names = new Map<string, boolean>()
    const plain: Entry[] = []
    for (const key of page.keys) {
      const slash = key.indexOf('/', prefix.length)
      if (slash < 0) {
        plain.push({ name: key.slice(prefix.length), isFolded: false })
        continue
      }
      const name = key.slice(prefix.length, slash)
      names.set(name, (names.get(name) ?? false) || key.slice(slash + 1) === holding)
    }
    const lastName = page.keys.at(-1)?.slice(prefix.length) ?? ''
    const lastFolder = lastName.includes('/') ? lastName.slice(0, lastName.indexOf('/')) : undefined
    if (!page.isLast && lastFolder !== undefined) {
      // The page may have ended before the key, and what follows of the name is of no interest.
      if (!names.get(lastFolder)) names.set(lastFolder, await isThere(bucket, `${prefix}${lastFolder}/`, holding))
    }
    // `0` is what follows the slash.
    position = lastFolder === undefined ? lastName : `${lastFolder}0`
    const held = [...names].filter(([, isHeld]) => isHeld).map(([name]) => ({ name, isFolded: true }))
    yield { entries: [...held, ...plain].sort(bySortKey), isLast: page.isLast }
    if (page.isLast) return
    if (names.size < fewNames) return yield* lookedAtPages(bucket, prefix, position, holding)
  }
}

/** The same where names have many keys: S3 folds, and each name is asked for the key. */
async function* lookedAtPages(bucket: Bucket, prefix: string, last: string, holding: string): AsyncGenerator<Page> {
  for await (const { entries, isLast } of foldedPages(bucket, prefix, last)) {
    for (let start = 0; start < entries.length; start += looksAtOnce) {
      const some = entries.slice(start, start + looksAtOnce)
      const kept = await Promise.all(
        some.map(async ({ name, isFolded }) => !isFolded || isThere(bucket, `${prefix}${name}/`, holding)),
      )
      yield { entries: some.filter((_, index) => kept[index]), isLast: isLast && start + looksAtOnce >= entries.length }
    }
    if (entries.length === 0 && isLast) yield { entries, isLast }
  }
}

/** `last`: nothing up to this name is wanted. */
async function* inOrder(
  pages: AsyncIterable<Page>,
  last: string,
  isFolder: (name: string) => Promise<boolean>,
): AsyncGenerator<Entry> {
  /** Shorter names that were looked for; true while S3 has still to list one that was put in front. */
  const looked = new Map<string, boolean>()
  let isFirst = true
  for await (const { entries, isLast } of pages) {
    if (isFirst && isLast) {
      yield* entries.sort(byName)
      return
    }
    isFirst = false
    for (let start = 0; start < entries.length; start += looksAtOnce) {
      const some = entries.slice(start, start + looksAtOnce)
      const missing = new Set(
        some.flatMap(({ name }) => shorterNames(name)).filter((name) => name > last && !looked.has(name)),
      )
      const early: Entry[] = []
      await Promise.all(
        Array.from(missing, async (name) => {
          const isThere = await isFolder(name)
          looked.set(name, isThere)
          if (isThere) early.push({ name, isFolded: true })
        }),
      )
      const others = some.filter(({ name, isFolded }) => !isFolded || looked.get(name) !== true)
      yield* [...others, ...early].sort(byName)
      // What begins with a name comes in one piece.
      const position = some.at(-1)?.name ?? ''
      for (const name of looked.keys()) if (!position.startsWith(name)) looked.delete(name)
    }
  }
}

/** The beginnings of a name that S3 sorts behind it although they are smaller. */
function shorterNames(name: string): string[] {
  const shorter: string[] = []
  for (let length = 1; length < name.length; length++) {
    if (name.charCodeAt(length) < 0x2f) shorter.push(name.slice(0, length))
  }
  return shorter
}

function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : 1
}

function bySortKey(a: Entry, b: Entry): number {
  return sortKey(a) < sortKey(b) ? -1 : 1
}

function sortKey({ name, isFolded }: Entry): string {
  return isFolded ? `${name}/` : name
}
