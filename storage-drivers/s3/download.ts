// Bytes from S3 to a socket or a reader, going on where a connection broke: a client should not notice that the store hiccuped.
import type { IncomingMessage } from 'node:http'
import type { Writable } from 'node:stream'
import type { ByteRange } from '../driver.ts'
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
  /** The bytes for a reader. */
  chunks(): AsyncGenerator<Buffer>
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

  /** The connections that bring the bytes, one after the other. `position` is asked for where the next one begins. */
  async function* connections(position: () => number): AsyncGenerator<IncomingMessage> {
    let from = position()
    let fruitless = 0
    for (let message: IncomingMessage | undefined = first; ;) {
      if (message === undefined) throw new Error(`${key} was removed while it was read`)
      current = message
      const isWhole = from === 0 && end === size - 1
      if (isCancelled || (!isWhole && message.statusCode !== 206)) {
        message.destroy()
        throw new Error(isCancelled ? 'the reader went away' : `${key}: the store ignores ranges`)
      }
      yield message
      if (position() > end) return
      fruitless = position() === from ? fruitless + 1 : 0
      if (fruitless >= mostFruitless) throw new S3ConnectionError(`${key}: S3 breaks off its answers`)
      from = position()
      message = await bucket.open(key, { start: from, end }, etag)
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    let position = range?.start ?? 0
    for await (const message of connections(() => position)) {
      try {
        for await (const chunk of message) {
          position += (chunk as Buffer).length
          yield chunk as Buffer
        }
      } catch {
        // The next connection goes on, or tells why not.
      } finally {
        message.destroy()
      }
    }
  }

  return {
    size,

    async sendTo(target) {
      let position = range?.start ?? 0
      try {
        for await (const message of connections(() => position))
          await pump(message, target, (bytes) => (position += bytes))
      } finally {
        current.destroy()
      }
    },

    async bytes() {
      return Buffer.concat(await Array.fromAsync(chunks()))
    },

    chunks,

    cancel() {
      isCancelled = true
      current.destroy()
    },
  }
}

/** Resolves at the message's end, also when that came too early. */
function pump(message: IncomingMessage, target: Writable, passed: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const goOn = (): void => void message.resume()
    const detach = (): void => {
      message.off('close', end)
      target.off('drain', goOn)
      target.off('close', leave)
      target.off('error', leave)
    }
    const end = (): void => {
      detach()
      resolve()
    }
    const leave = (): void => {
      detach()
      message.destroy()
      reject(new Error('the reader went away'))
    }
    if (target.destroyed) return leave()
    target.on('drain', goOn)
    target.once('close', leave)
    target.once('error', leave)
    message.on('data', (chunk: Buffer) => {
      passed(chunk.length)
      if (!target.write(chunk)) message.pause()
    })
    message.on('error', () => {})
    message.once('close', end)
  })
}
