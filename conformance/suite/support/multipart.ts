/** Reads a multipart/byteranges body (RFC 9110, section 14.6). */
import assert from 'node:assert/strict'

import type { Answer } from './client.ts'
import { requiredHeader } from './expect.ts'

export interface RangePart {
  readonly first: number
  readonly last: number
  readonly size: number
  readonly body: Buffer
}

export function parseByteRanges(answer: Answer): readonly RangePart[] {
  const type = requiredHeader(answer, 'content-type')
  const boundary = /^multipart\/byteranges;\s*boundary="?([^";]+)"?/i.exec(type)?.[1]
  assert.ok(boundary !== undefined, `not multipart/byteranges: ${type}`)

  const parts: RangePart[] = []
  const delimiter = `--${boundary}`
  let position = answer.body.indexOf(delimiter)
  assert.ok(position >= 0, 'no boundary in the body')
  for (;;) {
    const start = position + delimiter.length
    if (answer.body.subarray(start, start + 2).toString() === '--') return parts
    const headEnd = answer.body.indexOf('\r\n\r\n', start)
    const part = parsePart(answer.body.subarray(start, headEnd).toString('latin1'), answer.body.subarray(headEnd + 4))
    parts.push(part)
    position = headEnd + 4 + part.body.length + 2
    assert.equal(
      answer.body.subarray(position, position + delimiter.length).toString(),
      delimiter,
      'no boundary after a part',
    )
  }
}

function parsePart(head: string, rest: Buffer): RangePart {
  const match = /^content-range: bytes (\d+)-(\d+)\/(\d+)$/im.exec(head)
  assert.ok(match, `a part without Content-Range: ${head}`)
  assert.match(head, /^content-type: /im)
  const [first, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return { first, last, size, body: rest.subarray(0, last - first + 1) }
}
