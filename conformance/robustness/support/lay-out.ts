// Explains an upload's bytes as requests one after the other: whole ones where they were acknowledged, beginnings where they were not.
import assert from 'node:assert/strict'

export interface Write {
  bytes: Buffer
  isAcknowledged: boolean
  /** Where it belongs, as far as the client knows: as it asked, or as the registry answered. */
  start?: number
}

/** So many random bytes are found in one request only. */
const tellingBytes = 8

/** Throws where the content has bytes of no request, of two mixed, or lacks what was acknowledged. */
export function layOut(content: Buffer, writes: readonly Write[]): void {
  const left = new Set(writes)
  const beginnings = writes.map(({ bytes }) => content.indexOf(bytes.subarray(0, tellingBytes)))
  for (let position = 0; position < content.length;) {
    const here = [...left].filter(({ start }) => start === undefined || start === position)
    // One that was cut may go on like the next one begins, by chance: where that begins, it ends.
    const rest = content.subarray(position, Math.min(...beginnings.filter((at) => at > position), content.length))
    const matches = here
      .map((write) => ({ write, length: commonLength(write.bytes, rest) }))
      .sort((a, b) => b.length - a.length)
    const [best] = matches
    assert.ok(
      best !== undefined && best.length > 0,
      `the bytes at ${position} belong to no request${whose(content.subarray(position), writes)}`,
    )
    assert.ok(
      !best.write.isAcknowledged || best.length === best.write.bytes.length,
      `of an acknowledged request only ${best.length} of ${best.write.bytes.length} bytes are at ${position}`,
    )
    left.delete(best.write)
    position += best.length
  }
  const lost = [...left].filter(({ isAcknowledged }) => isAcknowledged)
  assert.deepEqual(
    lost.map(({ start, bytes }) => ({ start, length: bytes.length })),
    [],
    'acknowledged bytes are not there',
  )
}

/** For the report. */
function whose(content: Buffer, writes: readonly Write[]): string {
  const sample = content.subarray(0, tellingBytes)
  const found = writes
    .map(({ bytes, start, isAcknowledged }) => ({
      at: bytes.indexOf(sample),
      length: bytes.length,
      start,
      isAcknowledged,
    }))
    .filter(({ at }) => at >= 0)
  return found.length === 0 ? '' : ` that would begin there; they are of ${JSON.stringify(found)}`
}

function commonLength(a: Buffer, b: Buffer): number {
  const most = Math.min(a.length, b.length)
  if (a.subarray(0, most).equals(b.subarray(0, most))) return most
  let at = 0
  while (a[at] === b[at]) at++
  return at
}
