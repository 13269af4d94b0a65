// Range requests on content: RFC 9110, section 14.
import { RegistryError } from '../../registry/errors.ts'
import type { ByteRange } from '../../storage-drivers/driver.ts'

const maxRanges = 1000

/** `all` when there is no usable Range header, `unsatisfiable` for 416, else the ranges in the order in which they were asked for. */
export type RangeRequest = 'all' | 'unsatisfiable' | ByteRange[]

/** Throws REQUEST_INVALID on more ranges than anyone needs: lazy pullers take a 400 as a hint to ask for them one by one. */
export function parseByteRanges(header: string, size: number): RangeRequest {
  const match = /^bytes=(.*)$/i.exec(header.trim())
  if (match === null) return 'all'
  const specs = (match[1] as string)
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
  if (specs.length > maxRanges) {
    throw new RegistryError('REQUEST_INVALID', {
      message: `at most ${maxRanges} ranges can be asked for in one request`,
    })
  }
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? []
    // RFC 9110, section 14.2: "A server MUST ignore … an invalid ranges-specifier".
    if (first === undefined || last === undefined || (first === '' && last === '')) return 'all'
    // A backwards range asks for nothing that we have; RFC 9110 allows to reject it.
    const isBackwards = first !== '' && last !== '' && Number(last) < Number(first)
    const range = isBackwards ? undefined : rangeWithin(first, last, size)
    if (range !== undefined) ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  const asked = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0)
  if (ranges.length > 1 && asked > 2 * size) {
    throw new RegistryError('REQUEST_INVALID', { message: 'the ranges overlap too much' })
  }
  return ranges
}

function rangeWithin(first: string, last: string, size: number): ByteRange | undefined {
  if (first === '') {
    const suffix = Math.min(Number(last), size)
    return suffix === 0 ? undefined : { start: size - suffix, end: size - 1 }
  }
  const start = Number(first)
  if (start >= size) return undefined
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`
}
