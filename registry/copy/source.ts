// The storage that is copied: one object that cannot be read is told and gone past, one after the other ends the copy.
import type { Readable } from 'node:stream'
import type { Batches, StorageDriver } from '../../storage-drivers/driver.ts'
import type { Digest } from '../digest.ts'
import type { CopyTally, Tell } from './tally.ts'

/** So many in a row: then it is not the objects. */
const mostInARow = 100

/** How it went with an object and all that it needs. */
export type Outcome = 'there' | 'absent' | Failed

export interface Failed {
  /** What is damaged or cannot be read: a digest or a key. */
  needs: Digest | string
}

export interface SourceParts {
  driver: StorageDriver
  tally: CopyTally
  tell: Tell
  signal: AbortSignal
}

export interface ByteStream {
  chunks: Batches
  /** That of the source, if it has failed; not that of who reads. */
  failure(): { error: unknown } | undefined
}

export interface Source {
  /** Undefined when nothing is at the key. Throws Unreadable. */
  get(key: string): Promise<Buffer | undefined>
  /** Undefined when nothing is at the key. Throws Unreadable. */
  size(key: string): Promise<number | undefined>
  /** The bytes at the key, so many or a failure; nothing is read before somebody asks. */
  stream(key: string, length: number): ByteStream
  /** Runs the work; when it meets what is unreadable, tells of it. Throws when there is too much of it. */
  past(work: () => Promise<Outcome>): Promise<Outcome>
}

export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly key: string

  constructor(key: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.key = key
  }
}

export function createSource({ driver, tally, tell, signal }: SourceParts): Source {
  let inARow = 0
  const told = new Set<string>()

  async function attempt<T>(key: string, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    try {
      const value = await work()
      inARow = 0
      return value
    } catch (error) {
      throw new Unreadable(key, error)
    }
  }

  async function* bytesAt(key: string, length: number): AsyncGenerator<readonly Uint8Array[]> {
    let read = 0
    const stream: Readable | undefined = await driver.read(key)
    if (stream === undefined) throw new Error('it was removed while it was read')
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      signal.throwIfAborted()
      read += chunk.length
      tally.movedBytes += chunk.length
      yield [chunk]
    }
    if (read !== length) throw new Error(`it ended after ${read} of ${length} bytes`)
  }

  return {
    get: (key) => attempt(key, async () => (await driver.get(key))?.bytes),
    size: (key) => attempt(key, async () => (await driver.stat(key))?.size),

    stream(key, length) {
      let failure: { error: unknown } | undefined
      async function* watched(): Batches {
        try {
          yield* bytesAt(key, length)
          inARow = 0
        } catch (error) {
          failure = { error }
          throw error
        }
      }
      return { chunks: watched(), failure: () => failure }
    },

    async past(work) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        if (++inARow > mostInARow) throw new Error(`the source cannot be read: ${error.message}`, { cause: error })
        if (!told.has(error.key)) tell({ found: 'unreadable', where: 'source', key: error.key, reason: error.message })
        told.add(error.key)
        return { needs: error.key }
      }
    },
  }
}
