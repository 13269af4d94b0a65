// Bytes from S3 to a socket or a reader, going on where a connection broke: a client should not notice that the store hiccuped.
import { Readable, Writable } from 'node:stream'
import type { ByteRange } from '../driver.ts'
import type { BodyAnswer } from './body-connections.ts'
import { headOf, type Bucket } from './bucket.ts'
import { S3ConnectionError } from './errors.ts'

/** How often in a row a connection may break without having brought a byte. */
const mostFruitless = 3

export interface Download {
  /** Of the whole object, in bytes. */
  size: number
  /** Puts the bytes on the target, which stays open. Rejects when the target goes away, or the store fails for good. */
  sendTo(target: Writable): Promise<void>
  bytes(): Promise<Buffer>
  /** The bytes for a reader, who reads to the end or destroys the stream. */
  stream(): Readable
  /** For who does not want the bytes after all. */
  cancel(): void
}

/** Undefined when nothing is at the key. The bytes are on their way when it resolves. */
export async function openDownload(bucket: Bucket, key: string, range?: ByteRange): Promise<Download | undefined> {
  const first = await bucket.open(key, range)
  if (first === undefined) return undefined
  const { size, etag } = headOf(first.headers)
  const end = range?.end ?? size - 1
  let current = first
  let isCancelled = false

  async function sendTo(target: Writable): Promise<void> {
    let position = range?.start ?? 0
    let fruitless = 0
    for (;;) {
      const from = position
      if (isCancelled) throw new Error('the reader went away')
      if (current.status !== 206 && !(from === 0 && end === size - 1))
        throw new Error(`${key}: the store ignores ranges`)
      await current.sendTo(target, (bytes) => (position += bytes))
      if (position > end) return
      fruitless = position === from ? fruitless + 1 : 0
      if (fruitless >= mostFruitless) throw new S3ConnectionError(`${key}: S3 breaks off its answers`)
      current.destroy()
      const next: BodyAnswer | undefined = await bucket.open(key, { start: position, end }, etag)
      if (next === undefined) throw new Error(`${key} was removed while it was read`)
      current = next
    }
  }

  const cancel = (): void => {
    isCancelled = true
    current.destroy()
  }
  /** What is left of the connection after a failure must not be used again; one that brought everything is somebody else's already. */
  const sendAll = async (target: Writable): Promise<void> => {
    try {
      await sendTo(target)
    } catch (error) {
      cancel()
      throw error
    }
  }

  return {
    size,
    sendTo: sendAll,
    bytes: () => bytesOf(sendAll),
    stream: () => streamOf(sendAll),
    cancel,
  }
}

async function bytesOf(sendTo: (target: Writable) => Promise<void>): Promise<Buffer> {
  const chunks: Buffer[] = []
  // Copies: the buffers that bring the bytes are used again.
  const target = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  await sendTo(target)
  return Buffer.concat(chunks)
}

function streamOf(sendTo: (target: Writable) => Promise<void>): Readable {
  let goOn: (() => void) | undefined
  const target = new Writable({
    write(chunk: Buffer, _, done) {
      if (readable.push(Buffer.from(chunk))) done()
      else goOn = done
    },
  })
  const readable = new Readable({
    read() {
      const next = goOn
      goOn = undefined
      next?.()
    },
    destroy(error, done) {
      target.destroy()
      done(error)
    },
  })
  sendTo(target).then(
    () => target.end(() => readable.push(null)),
    (error: Error) => readable.destroy(error),
  )
  return readable
}
