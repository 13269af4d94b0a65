// A keep-alive connection on a bare socket, reading into one buffer of its own: costs little beside the server that it measures.
import { once } from 'node:events'
import net from 'node:net'
import { answerReader, type Answer } from './answer-reader.ts'

const readBufferBytes = 512 * 1024

export interface Connection {
  /** The next request, when the answer to the last one is whole. `onAnswer` of the options gets its answer. */
  send(method: string, bytes: Uint8Array): void
  /** The same, with a body that is sent as fast as the server takes it; the answer is the promise's value. */
  exchange(method: string, bytes: Uint8Array, body?: Iterable<Uint8Array>): Promise<Answer>
  close(): void
}

export interface ConnectionOptions {
  port: number
  onAnswer?: (answer: Answer) => void
  /** The connection is of no use any more. */
  onFault?: (error: Error) => void
}

export async function openConnection({ port, onAnswer, onFault }: ConnectionOptions): Promise<Connection> {
  let waiting: PromiseWithResolvers<Answer> | undefined
  let isClosed = false
  const reader = answerReader((answer) => {
    if (waiting === undefined) return onAnswer?.(answer)
    const { resolve } = waiting
    waiting = undefined
    resolve(answer)
  })
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(readBufferBytes),
      callback(length, buffer) {
        try {
          reader.feed((buffer as Buffer).subarray(0, length))
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)))
        }
        return true
      },
    },
  })
  await once(socket, 'connect')
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))

  function fail(error: Error): void {
    if (isClosed) return
    isClosed = true
    socket.destroy()
    waiting?.reject(error)
    onFault?.(error)
  }

  async function exchange(method: string, bytes: Uint8Array, body: Iterable<Uint8Array> = []): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>()
    waiting = answered
    reader.expect(method)
    // An answer before the body is sent, or a cut, ends the sending.
    let isOver = false
    const over = answered.promise.then(
      () => (isOver = true),
      () => (isOver = true),
    )
    socket.write(bytes)
    for (const piece of body) {
      if (isOver) break
      if (!socket.write(piece)) await Promise.race([new Promise<void>((done) => socket.once('drain', done)), over])
    }
    return answered.promise
  }

  return {
    send(method, bytes) {
      reader.expect(method)
      socket.write(bytes)
    },
    exchange,
    close() {
      isClosed = true
      socket.destroy()
    },
  }
}
