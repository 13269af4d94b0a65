import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { randomBlob } from './random-blobs.ts'

const bytes = 3 * 1024 * 1024 + 32 * 1024

describe('a random blob', () => {
  it('has the digest and the size that it tells', () => {
    const blob = randomBlob(bytes)
    const content = Buffer.concat([...blob.plain()])
    assert.equal(content.length, bytes)
    assert.equal(`sha256:${createHash('sha256').update(content).digest('hex')}`, blob.digest)
  })

  it('is the same content in chunks', () => {
    const blob = randomBlob(bytes)
    assert.ok(unchunked(Buffer.concat([...blob.chunked()])).equals(Buffer.concat([...blob.plain()])))
  })

  it('is another one each time', () => {
    assert.notEqual(randomBlob(bytes).digest, randomBlob(bytes).digest)
  })
})

function unchunked(wire: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let offset = 0; ;) {
    const lineEnd = wire.indexOf('\r\n', offset)
    const length = Number.parseInt(wire.toString('latin1', offset, lineEnd), 16)
    if (length === 0) return Buffer.concat(parts)
    parts.push(wire.subarray(lineEnd + 2, lineEnd + 2 + length))
    offset = lineEnd + 2 + length + 2
  }
}
