// What the parts of the contract share: making streams and reading them.
import { createHash } from 'node:crypto'
import { Writable, type Readable } from 'node:stream'
import type { Batches, StorageDriver } from '../driver.ts'

/** Two chunks in each batch. */
/** Copies: what is handed on is no longer ours. */
export async function* inChunks(bytes: Buffer, chunkBytes = 65_536): Batches {
  for (let start = 0; start < bytes.length; start += 2 * chunkBytes) {
    const middle = start + chunkBytes
    yield [bytes.subarray(start, middle), bytes.subarray(middle, middle + chunkBytes)].map((part) => Buffer.from(part))
  }
}

export async function* cutAfter(bytes: Buffer): Batches {
  yield* inChunks(bytes)
  throw new Error('cut')
}

export async function collect(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (stream !== undefined) for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function bytesOf(
  driver: StorageDriver,
  key: string,
  range?: { start: number; end: number },
): Promise<Buffer> {
  return collect(await driver.read(key, range))
}

export async function listed(entries: AsyncIterable<string>): Promise<string[]> {
  return Array.fromAsync(entries)
}

export function collector(): { target: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = []
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      setImmediate(done)
    },
  })
  return { target, bytes: () => Buffer.concat(chunks) }
}

export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function plain(entry: string): string {
  return entry.endsWith('/') ? entry.slice(0, -1) : entry
}
