// From keys to paths under the root folder. The one gate that keeps every key inside it.
import path from 'node:path'
import { checkedKey } from '../keys.ts'

/** Where temporary files and folders on their way out live: on the same file system as the rest, and never listed. */
export const tempFolderName = '.lading-tmp'

export interface Paths {
  readonly root: string
  readonly temp: string
  /** Throws on a key that could leave the root or that no object store would take. */
  of(key: string): string
}

export function pathsUnder(root: string): Paths {
  const absolute = path.resolve(root)
  return {
    root: absolute,
    temp: path.join(absolute, tempFolderName),
    of(key) {
      if (key.startsWith(tempFolderName)) throw new Error(`${tempFolderName} holds no keys`)
      return `${absolute}/${checkedKey(key)}`
    },
  }
}
