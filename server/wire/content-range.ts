// The ranges of uploads: Content-Range as clients send it, Range as we answer it (spec, Pushing a blob in chunks).
import { RegistryError } from '../../registry/errors.ts'

// spec: "It MUST match the following regular expression: ^[0-9]+-[0-9]+$". Some clients write it as RFC 9110 does, with unit and size.
const pattern = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/

export interface ChunkRange {
  start: number
  /** In bytes; both ends are included on the wire. */
  length: number
}

/** Undefined without the header. Throws RANGE_INVALID when it makes no sense, SIZE_INVALID when the body's length contradicts it. */
export function parseContentRange(header: string, contentLength: number | undefined): ChunkRange | undefined {
  if (header === '') return undefined
  const [, first, last] = pattern.exec(header.trim()) ?? []
  const start = Number(first)
  const end = Number(last)
  if (first === undefined || last === undefined || end < start) {
    throw new RegistryError('RANGE_INVALID', {
      message: 'Content-Range must be <first byte>-<last byte>, both included',
      detail: { contentRange: header.slice(0, 100) },
    })
  }
  const length = end - start + 1
  if (contentLength !== undefined && contentLength !== length) {
    throw new RegistryError('SIZE_INVALID', {
      message: 'Content-Length is not the length of Content-Range',
      detail: { contentLength, contentRange: header },
    })
  }
  return { start, length }
}

/** `0-<end-of-range>`; `0-0` also when nothing arrived yet, as CNCF distribution answers and clients expect. */
export function uploadedRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`
}
