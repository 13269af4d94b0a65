/** Bytes that no compressor shortens and that are the same for the same seed, at memory speed. */
import { createCipheriv, createHash } from 'node:crypto'

const PIECE_BYTES = 1024 * 1024

export function generatedBytes(seed: string, size: number): Buffer {
  return Buffer.concat([...generatedPieces(seed, size)])
}

/** The same in pieces of 1 MiB, for content that should not be in memory as a whole. */
export function* generatedPieces(seed: string, size: number): Generator<Buffer> {
  const key = createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(PIECE_BYTES)
  for (let left = size; left > 0; left -= PIECE_BYTES) {
    yield cipher.update(left < PIECE_BYTES ? zeros.subarray(0, left) : zeros)
  }
}
