// The objects of a bucket, and their keys in the order of S3: that of their UTF-8 bytes.

/** Up to so many changes are put in place one by one; more are sorted together. */
const fewChanges = 200

export interface KeyedObjects<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  delete(key: string): void
  /** All of them in order, as byte strings. Valid until the next change. */
  sorted(): readonly string[]
}

/** A string with one character per byte of the text: such strings compare as S3 does, those of JavaScript do not. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function fromBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

export function createKeyedObjects<T>(): KeyedObjects<T> {
  const objects = new Map<string, T>()
  let sorted: string[] = []
  const changed = new Set<string>()

  function putInPlace(key: string): void {
    const at = lowerBound(sorted, key)
    const isListed = sorted[at] === key
    if (objects.has(key) && !isListed) sorted.splice(at, 0, key)
    if (!objects.has(key) && isListed) sorted.splice(at, 1)
  }

  return {
    get: (key) => objects.get(toBytes(key)),
    set(key, value) {
      const bytes = toBytes(key)
      if (!objects.has(bytes)) changed.add(bytes)
      objects.set(bytes, value)
    },
    delete(key) {
      const bytes = toBytes(key)
      if (objects.delete(bytes)) changed.add(bytes)
    },
    sorted() {
      if (changed.size > fewChanges) sorted = [...objects.keys()].sort()
      else changed.forEach(putInPlace)
      changed.clear()
      return sorted
    },
  }
}

/** The index of the first entry that is not below `bound`. */
export function lowerBound(sorted: readonly string[], bound: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) < bound) low = middle + 1
    else high = middle
  }
  return low
}

/** The first byte string that is above all those that begin with `prefix`. */
export function afterAll(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}
