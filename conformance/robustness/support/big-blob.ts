// Blobs too big to keep: their bytes come in pieces, and differ only at their end, so that hashing many costs little more than hashing one.
import { createHash, type Hash } from 'node:crypto'
import type { Random } from './seeded-random.ts'

export interface BigBlob {
  digest: string
  size: number
  pieces(): AsyncIterable<Buffer>
}

const pieceBytes = 1024 * 1024
const tailBytes = 16

export function bigBlobs(random: Random, { count, size }: { count: number; size: number }): BigBlob[] {
  const piece = random.bytes(pieceBytes)
  const whole = Math.floor((size - tailBytes) / pieceBytes)
  const rest = piece.subarray(0, size - tailBytes - whole * pieceBytes)
  const common = createHash('sha256')
  for (let at = 0; at < whole; at++) common.update(piece)
  common.update(rest)
  return Array.from({ length: count }, () => {
    const tail = random.bytes(tailBytes)
    return {
      digest: digestOf(common.copy().update(tail)),
      size,
      async *pieces() {
        for (let at = 0; at < whole; at++) yield piece
        yield rest
        yield tail
      },
    }
  })
}

/** The digest of what a stream delivers, without keeping it. */
export async function digestOfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return digestOf(hash)
}

function digestOf(hash: Hash): string {
  return `sha256:${hash.digest('hex')}`
}
