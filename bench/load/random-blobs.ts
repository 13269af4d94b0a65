// Blobs of random content that cost nothing while they are sent: one stock of bytes made in advance, and a head that makes each blob another.
import { createHash, randomBytes } from 'node:crypto'

/** What Go's clients send as one chunk of chunked transfer encoding. */
const unitBytes = 32 * 1024
const stockUnits = 1024
const unitsPerWrite = 32
const chunkStart = Buffer.from(`${unitBytes.toString(16)}\r\n`)
const chunkEnd = Buffer.from('\r\n')

export interface RandomBlob {
  digest: string
  bytes: number
  /** As it is. */
  plain(): Iterable<Uint8Array>
  /** In chunked transfer encoding, its end included. */
  chunked(): Iterable<Uint8Array>
}

const plainStock = randomBytes(stockUnits * unitBytes)
let chunkedStock: Buffer | undefined

/** Another content with every call. `bytes` is rounded down to whole units of 32 KiB, at least one. */
export function randomBlob(bytes: number): RandomBlob {
  const units = Math.max(1, Math.floor(bytes / unitBytes))
  const head = randomBytes(unitBytes)
  const plain = (): Iterable<Uint8Array> => repeated(head, plainStock, units)
  const hash = createHash('sha256')
  for (const piece of plain()) hash.update(piece)
  chunkedStock ??= inChunks(plainStock)
  const stock = chunkedStock

  return {
    digest: `sha256:${hash.digest('hex')}`,
    bytes: units * unitBytes,
    plain,
    *chunked() {
      yield* repeated(inChunks(head), stock, units)
      yield Buffer.from('0\r\n\r\n')
    },
  }
}

/** The head, then units of the stock, round and round. */
function* repeated(head: Buffer, stock: Buffer, units: number): Iterable<Uint8Array> {
  yield head
  let left = units - 1
  for (let unit = 0; left > 0; unit = (unit + unitsPerWrite) % stockUnits) {
    const count = Math.min(left, unitsPerWrite)
    yield stock.subarray(unit * head.length, (unit + count) * head.length)
    left -= count
  }
}

function inChunks(content: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let offset = 0; offset < content.length; offset += unitBytes) {
    parts.push(chunkStart, content.subarray(offset, offset + unitBytes), chunkEnd)
  }
  return Buffer.concat(parts)
}
