// Reads request bodies for less than a Readable can: what arrives within one turn of the event loop is handed on together, without a promise
// and a tick for each piece (docs/decisions/0009-batches.md).
import { IncomingMessage } from 'node:http'

/** What one body may hold until it is taken: the more, the fewer stops of the socket. All bodies share what goes beyond the socket's own limit. */
const maxWaitingBytes = 1024 * 1024
const sharedWaitingBytes = 4 * 1024 * 1024
let bodies = 0

/** To be given to `http.createServer` as its `IncomingMessage`. */
export class BodyRequest extends IncomingMessage {
  #collected: Collected | undefined

  /** The body as it arrives, to be asked for once. It ends with an error when the client goes away before its end. */
  async *batches(): AsyncGenerator<readonly Buffer[]> {
    const collected = this.#collect()
    bodies++
    try {
      for (;;) {
        const { pieces, isStopped } = collected
        if (pieces.length > 0) {
          collected.pieces = []
          collected.bytes = 0
          collected.isStopped = false
          if (isStopped) this.#goOn()
          yield pieces
        } else if (collected.failure !== undefined) throw collected.failure
        else if (collected.isEnded) return
        else await new Promise<void>((resolve) => (collected.wake = resolve))
      }
    } finally {
      bodies--
      // Whoever stopped early still has an answer to send on this connection, and may let the rest flow away.
      this.#collected = undefined
      this.#goOn()
    }
  }

  /** What the parser calls with each piece; false stops the reading of the socket until `_read`. */
  override push(piece: Buffer | null, encoding?: BufferEncoding): boolean {
    const collected = this.#collected
    if (collected === undefined) return super.push(piece, encoding)
    if (piece === null) {
      collected.isEnded = true
      collected.wake()
      super.push(null)
      this.read(0)
      return false
    }
    collected.pieces.push(piece)
    collected.bytes += piece.length
    // Once stopped it stays so until `#goOn`, even if the limit has risen since.
    collected.isStopped ||= collected.bytes >= mostWaitingBytes(this.readableHighWaterMark)
    if (collected.isStopped) collected.wake()
    else wakeSoon(collected)
    return !collected.isStopped
  }

  /** Whether bytes have arrived that nobody has taken. */
  hasWaiting(): boolean {
    return this.readableLength > 0 || (this.#collected?.bytes ?? 0) > 0
  }

  /** Lets the socket deliver again after `push` said no. */
  #goOn(): void {
    // oxlint-disable-next-line no-underscore-dangle -- the name that node:stream gave it
    this._read(0)
  }

  #readOne(): Buffer | null {
    return this.read() as Buffer | null
  }

  #collect(): Collected {
    const pieces: Buffer[] = []
    for (let piece = this.#readOne(); piece !== null; piece = this.#readOne()) pieces.push(piece)
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
    const collected: Collected = {
      pieces,
      bytes,
      isEnded: this.complete,
      failure: undefined,
      isStopped: bytes >= this.readableHighWaterMark,
      isWaking: false,
      wake: () => {},
    }
    const fail = (error?: Error): void => {
      if (collected.isEnded) return
      collected.failure ??= error ?? cut()
      collected.wake()
    }
    if (this.destroyed) fail(this.errored ?? undefined)
    this.on('error', fail)
    this.once('close', () => fail())
    this.#collected = collected
    return collected
  }
}

interface Collected {
  pieces: Buffer[]
  bytes: number
  isEnded: boolean
  failure: Error | undefined
  /** The socket was told to deliver no more for now. */
  isStopped: boolean
  isWaking: boolean
  wake: () => void
}

function mostWaitingBytes(socketBytes: number): number {
  return Math.max(socketBytes, Math.min(maxWaitingBytes, sharedWaitingBytes / bodies))
}

/** After all that the socket has to give now. */
function wakeSoon(collected: Collected): void {
  if (collected.isWaking) return
  collected.isWaking = true
  setImmediate(() => {
    collected.isWaking = false
    collected.wake()
  })
}

function cut(): Error {
  return Object.assign(new Error('the client went away before the end of the body'), { code: 'ECONNRESET' })
}
