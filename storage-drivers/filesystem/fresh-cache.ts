// Remembers what was read of a path, and proves with one stat that it is still what is there, whoever else writes to the folder.
import fs from 'node:fs'
import { LRUCache } from 'lru-cache'

/** Two changes within one tick of the kernel's clock leave the same time stamp: a value read this soon after a change is not remembered. */
const tickMs = 50

interface Remembered<T extends object> {
  value: T
  ino: number
  size: number
  mtimeMs: number
  ctimeMs: number
}

export interface FreshCache<T extends object> {
  /** What `load` made of the path: now, or earlier when nothing has changed since. Undefined when nothing is there. */
  get(path: string): T | undefined
}

/** `load` reads the path synchronously and returns undefined when it is absent; `weigh` is a value's size in bytes. */
export function freshCache<T extends object>(options: {
  maxBytes: number
  load: (path: string, stat: fs.Stats) => T | undefined
  weigh: (value: T) => number
}): FreshCache<T> {
  const remembered = new LRUCache<string, Remembered<T>>({
    maxSize: options.maxBytes,
    sizeCalculation: ({ value }, path) => options.weigh(value) + path.length + 200,
  })

  return {
    get(path) {
      const before = Date.now()
      const stat = fs.statSync(path, { throwIfNoEntry: false })
      if (stat === undefined) return undefined
      const known = remembered.get(path)
      if (known !== undefined && isUnchanged(known, stat)) return known.value

      const value = options.load(path, stat)
      if (value === undefined) return undefined
      if (before - stat.mtimeMs > tickMs && before - stat.ctimeMs > tickMs) {
        remembered.set(path, { value, ino: stat.ino, size: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs })
      }
      return value
    },
  }
}

function isUnchanged(known: Remembered<object>, stat: fs.Stats): boolean {
  return (
    known.ino === stat.ino &&
    known.mtimeMs === stat.mtimeMs &&
    known.ctimeMs === stat.ctimeMs &&
    known.size === stat.size
  )
}
