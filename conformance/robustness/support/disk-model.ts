// Which files and folder entries would survive a power loss at each moment, as POSIX promises it: only what was synced after it was made.
import path from 'node:path'
import { hasSucceeded, openedBy, pathsIn, type SystemCall } from './strace-calls.ts'

/** A file's content, whatever its names. */
interface Content {
  /** When it was last changed; undefined when all of it is on disk. */
  changedAt: number | undefined
}

interface Entry {
  content: Content
  /** When the name was put into its folder; undefined when that is on disk. */
  madeAt: number | undefined
  /** Something else was on disk under this name: after a power loss there is one or the other. */
  hasReplaced: boolean
}

export interface DiskModel {
  /** The moment a call is entered. */
  begin(call: SystemCall): void
  /** The moment it returns. */
  end(call: SystemCall): void
  /**
   * Why the path, up to the watched folder, would not survive a power loss now; empty when it would. Where `anyVersion` will do, as under a
   * digest, so will what was there before. With `entriesAreOrdered`, whether a later change of a folder could survive it while the path would not.
   */
  missing(file: string, options?: { anyVersion: boolean; entriesAreOrdered?: boolean }): string[]
  /** Files that were given their final name before their content was on disk. */
  tornRenames(): string[]
}

const writes = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'ftruncate'])
const syncsOfAll = new Set(['sync', 'syncfs'])
const syncs = new Set(['fsync', 'fdatasync', ...syncsOfAll])

/** Watches everything below `watched`; `existing` was there, and on disk, before the first call. */
export function diskModel(watched: string, existing: readonly string[]): DiskModel {
  const entries = new Map<string, Entry>()
  for (const file of existing) {
    entries.set(file, { content: { changedAt: undefined }, madeAt: undefined, hasReplaced: false })
  }
  const syncing = new Map<SystemCall, { content: Content | undefined; folder: string }>()
  const torn: string[] = []

  const isWatched = (file: string): boolean => file.startsWith(`${watched}/`)

  function add(file: string, content: Content, madeAt: number): void {
    const before = entries.get(file)
    const hasReplaced = before !== undefined && (before.madeAt === undefined || before.hasReplaced)
    if (isWatched(file)) entries.set(file, { content, madeAt, hasReplaced })
  }

  function change(call: SystemCall, at: number): void {
    const content = entries.get(openedBy(call))?.content
    if (content !== undefined) content.changedAt = at
  }

  function move(source: string, target: string, at: number): void {
    const moved = entries.get(source)
    if (moved !== undefined) add(target, moved.content, at)
    for (const [file, entry] of Array.from(entries)) {
      if (file === source || file.startsWith(`${source}/`)) {
        entries.delete(file)
        if (file !== source && isWatched(target)) entries.set(target + file.slice(source.length), entry)
      }
    }
  }

  /** A sync covers what was done when it began. */
  function endSync(call: SystemCall): void {
    const { content, folder } = syncing.get(call) ?? { content: undefined, folder: '' }
    syncing.delete(call)
    if (!hasSucceeded(call)) return
    const isAll = syncsOfAll.has(call.name)
    const isBefore = (moment: number | undefined): boolean => moment !== undefined && moment < call.begin
    for (const [file, entry] of entries) {
      if ((isAll || entry.content === content) && isBefore(entry.content.changedAt)) entry.content.changedAt = undefined
      if ((isAll || path.dirname(file) === folder) && isBefore(entry.madeAt)) entry.madeAt = undefined
    }
  }

  return {
    begin(call) {
      // In the middle of a write nobody knows how much of it is done: it changes the file at its begin and at its end.
      if (writes.has(call.name)) change(call, call.begin)
      if (syncs.has(call.name))
        syncing.set(call, { content: entries.get(openedBy(call))?.content, folder: openedBy(call) })
      if (call.name.startsWith('rename')) {
        const [source = '', target = ''] = pathsIn(call)
        if (entries.get(source)?.content.changedAt !== undefined && isWatched(target)) torn.push(target)
      }
    },

    end(call) {
      if (syncs.has(call.name)) return endSync(call)
      if (writes.has(call.name)) return change(call, call.end)
      if (!hasSucceeded(call)) return
      const [first = '', second = ''] = pathsIn(call)
      if (call.name.startsWith('mkdir')) add(first, { changedAt: undefined }, call.end)
      else if (call.name.startsWith('rename')) move(first, second, call.end)
      else if (call.name.startsWith('link')) add(second, entries.get(first)?.content ?? { changedAt: 0 }, call.end)
      else if (call.name.startsWith('unlink') || call.name === 'rmdir') entries.delete(first)
      else if (call.name === 'openat' && call.args.includes('O_CREAT') && !entries.has(first))
        add(first, { changedAt: call.end }, call.end)
    },

    missing(file, { anyVersion, entriesAreOrdered = false } = { anyVersion: false }) {
      const entry = entries.get(file)
      if (entry === undefined) return [`${file} is not there`]
      const reasons = entry.content.changedAt === undefined ? [] : [`the content of ${file} was not synced`]
      if (entriesAreOrdered) return reasons
      for (let name = file; isWatched(name); name = path.dirname(name)) {
        if (anyVersion && name === file && entry.hasReplaced) continue
        if (entries.get(name)?.madeAt !== undefined)
          reasons.push(`${path.dirname(name)} was not synced since ${path.basename(name)} was made in it`)
      }
      return reasons
    },

    tornRenames: () => torn,
  }
}
