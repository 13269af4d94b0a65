// Downloads from S3 on connections of our own: bytes go from the kernel into a few reused buffers and from there to the reader. Through node's HTTP
// client a gigabyte costs three times the CPU (docs/decisions/0011-s3-requests.md).
import net from 'node:net'
import tls from 'node:tls'
import type { Writable } from 'node:stream'
import { S3ConnectionError } from './errors.ts'

export interface BodyAnswer {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  /**
   * Puts the bytes on the target as they come and tells of each piece. Resolves at the end, also when that comes too early; rejects when the
   * target goes away.
   */
  sendTo(target: Writable, passed: (bytes: number) => void): Promise<void>
  /** Gives up what has not arrived; nothing when all has. */
  destroy(): void
}

export interface BodyConnections {
  /** Sends the head of a GET; resolves when the head of the answer has come. Rejects with an S3ConnectionError. */
  get(head: string): Promise<BodyAnswer>
  close(): void
}

export interface BodyConnectionOptions {
  origin: URL
  skipVerify: boolean
  connectMs: number
  silenceMs: number
}

const bufferBytes = 256 * 1024
const mostSpareBuffers = 32
/** So many may wait in the reader's socket before S3 is read more slowly. */
const mostBusy = 3
const mostSpareConnections = 32
const mostHeadBytes = 64 * 1024

const spareBuffers: Buffer[] = []

export function createBodyConnections(options: BodyConnectionOptions): BodyConnections {
  const spare = new Set<Connection>()
  const giveBack = (connection: Connection): void => {
    if (spare.size >= mostSpareConnections) connection.destroy()
    else spare.add(connection)
  }

  return {
    async get(head) {
      for (;;) {
        const [kept] = [...spare].slice(-1)
        if (kept === undefined) break
        spare.delete(kept)
        const asked = performance.now()
        try {
          return await kept.ask(head, giveBack)
        } catch (error) {
          // Most often the store had closed it meanwhile, and nothing is wrong with the request. Silence is not tried out on all of them.
          if (performance.now() - asked >= options.silenceMs) throw error
        }
      }
      const connection = openConnection(options, (closed) => spare.delete(closed))
      return connection.ask(head, giveBack)
    },

    close() {
      for (const connection of spare) connection.destroy()
    },
  }
}

interface Connection {
  ask(head: string, whenFree: (connection: Connection) => void): Promise<BodyAnswer>
  destroy(): void
}

/** Takes the bytes that arrive; false to get no more for now. */
type Taker = (buffer: Buffer, length: number) => boolean

function openConnection(options: BodyConnectionOptions, onClose: (connection: Connection) => void): Connection {
  const { origin, skipVerify, connectMs, silenceMs } = options
  let take: Taker = () => false
  let failure: Error | undefined
  let onFailure: (error: Error) => void = () => {}
  const onread = {
    buffer: () => spareBuffers.pop() ?? Buffer.allocUnsafeSlow(bufferBytes),
    callback: (length: number, buffer: Uint8Array) => take(buffer as Buffer, length),
  }
  const isTls = origin.protocol === 'https:'
  const host = origin.hostname.replace(/^\[|\]$/g, '')
  const port = Number(origin.port || (isTls ? 443 : 80))
  const address = { host, port, onread, noDelay: true }
  const trust = { rejectUnauthorized: !skipVerify, ...(net.isIP(host) === 0 ? { servername: host } : {}) }
  // The types of tls do not know that it hands `onread` on.
  const socket = isTls ? tls.connect({ ...address, ...trust } as tls.ConnectionOptions) : net.connect(address)

  const fail = (reason: string): void => {
    failure ??= new S3ConnectionError(`S3 cannot be reached: ${reason}`)
    socket.destroy()
    onFailure(failure)
  }
  const connecting = setTimeout(() => fail(`no connection within ${connectMs} ms`), connectMs)
  socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(connecting))
  socket.on('error', (error) => fail(error.message))
  socket.on('end', () => fail('it closed the connection'))
  socket.on('timeout', () => fail(`it was silent for ${silenceMs} ms`))
  socket.on('close', () => {
    clearTimeout(connecting)
    fail('the connection was closed')
    onClose(connection)
  })

  /** While we do not read, silence is not the store's. */
  const watch = (isReading: boolean): void => void socket.setTimeout(isReading ? silenceMs : 0)

  const connection: Connection = {
    async ask(head, whenFree) {
      if (failure !== undefined) throw failure
      const received = Promise.withResolvers<{ text: string; rest: Buffer }>()
      onFailure = received.reject
      let gathered = Buffer.alloc(0)
      take = (buffer, length) => {
        gathered = Buffer.concat([gathered, buffer.subarray(0, length)])
        giveBackBuffer(buffer)
        const end = gathered.indexOf('\r\n\r\n')
        if (end >= 0) received.resolve({ text: gathered.toString('latin1', 0, end), rest: gathered.subarray(end + 4) })
        else if (gathered.length > mostHeadBytes) fail('its answer makes no sense')
        return end < 0
      }
      watch(true)
      socket.resume()
      socket.write(head)
      const { text, rest } = await received.promise
      onFailure = () => {}
      watch(false)
      return answerOn(text, rest, whenFree)
    },
    destroy: () => void socket.destroy(),
  }

  function answerOn(text: string, rest: Buffer, whenFree: (connection: Connection) => void): BodyAnswer {
    const { status, headers } = parseHead(text)
    let left = Number(headers['content-length'] ?? Number.NaN)
    /** All has come: the connection is another request's now. */
    let isOver = false
    const keeps = headers['connection']?.toLowerCase() !== 'close'

    return {
      status,
      headers,
      destroy() {
        if (!isOver) socket.destroy()
      },

      sendTo: (target, passed) =>
        new Promise((resolve, reject) => {
          let busy = 0
          let isEnded = false
          const stop = (): void => {
            onFailure = () => {}
            take = () => false
          }
          /** When nothing waits in the target any more: its bytes lie in buffers that are used again. */
          const settle = (): void => {
            if (!isEnded || busy > 0) return
            target.off('close', leave)
            resolve()
          }
          const end = (): void => {
            stop()
            isEnded = true
            settle()
          }
          const leave = (): void => {
            stop()
            if (!isOver) socket.destroy()
            target.off('close', leave)
            reject(new Error('the reader went away'))
          }
          /** False while too much waits in the target. */
          const pass = (bytes: Buffer, whenWritten: () => void): boolean => {
            // More than was announced is not the answer to what was asked.
            const piece = bytes.subarray(0, left)
            left -= piece.length
            passed(piece.length)
            busy++
            target.write(piece, () => {
              busy--
              whenWritten()
              if (isEnded) settle()
              else if (left > 0 && busy < mostBusy) {
                watch(true)
                socket.resume()
              }
            })
            if (left > 0) return busy < mostBusy
            isOver = true
            if (keeps && piece.length === bytes.length) whenFree(connection)
            else socket.destroy()
            end()
            return false
          }

          if (target.destroyed) return leave()
          target.on('close', leave)
          onFailure = end
          if (Number.isNaN(left)) fail('it does not say how long its answer is')
          if (rest.length > 0 || left === 0) {
            if (!pass(rest, () => {})) return
          }
          if (failure !== undefined) return end()
          take = (buffer, length) => {
            const goesOn = pass(buffer.subarray(0, length), () => giveBackBuffer(buffer))
            if (!goesOn) watch(false)
            return goesOn
          }
          watch(true)
          socket.resume()
        }),
    }
  }

  return connection
}

function giveBackBuffer(buffer: Buffer): void {
  if (spareBuffers.length < mostSpareBuffers) spareBuffers.push(buffer)
}

function parseHead(text: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = text.split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(first.split(' ')[1]), headers }
}
