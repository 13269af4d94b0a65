// Range headers: one range of an object.

export interface Range {
  first: number
  last: number
}

/** Undefined for the whole object, as for a header that makes no sense; 'unsatisfiable' for what is not there. */
export function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null) return undefined
  const [from, to] = [match[1] as string, match[2] as string]
  if (from === '' && to === '') return undefined
  if (from === '') {
    const first = Math.max(0, size - Number(to))
    return Number(to) === 0 || size === 0 ? 'unsatisfiable' : { first, last: size - 1 }
  }
  const first = Number(from)
  if (to !== '' && Number(to) < first) return undefined
  if (first >= size) return 'unsatisfiable'
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) }
}
