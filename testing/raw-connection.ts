// HTTP by hand over a socket: lies, cuts, pauses and floods that no HTTP client would send.
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 8000

export interface RawConnection {
  socket: net.Socket
  /** Resolves when the kernel has the bytes, or the connection is gone. */
  send(bytes: string | Uint8Array): Promise<void>
  /** Everything that was received so far. */
  received(): string
  /** Waits until what was received matches. Rejects when the connection ends, or patience does, before. */
  expect(pattern: RegExp): Promise<string>
  /** Waits until the server has closed, then closes too. */
  closed(withinMs?: number): Promise<void>
  isClosed(): boolean
  cut(): void
}

export async function connectRaw({ port }: { port: number }): Promise<RawConnection> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const chunks: Buffer[] = []
  let ended = false
  const end = (): void => void (ended = true)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const event of ['end', 'close', 'error']) socket.on(event, end)

  const received = (): string => Buffer.concat(chunks).toString('latin1')

  async function until(what: string, isDone: () => boolean, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs
    while (!isDone()) {
      if (Date.now() > deadline) throw new Error(`${what} within ${withinMs} ms; received: ${received().slice(0, 500)}`)
      await sleep(5)
    }
  }

  return {
    socket,
    received,
    send: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve()
        socket.once('close', resolve)
        socket.write(bytes, () => {
          socket.off('close', resolve)
          resolve()
        })
      }),
    async expect(pattern) {
      await until(`no ${pattern.source}`, () => ended || pattern.test(received()), patienceMs)
      if (!pattern.test(received())) throw new Error(`closed without ${pattern.source}: ${received().slice(0, 500)}`)
      return received()
    },
    async closed(withinMs = patienceMs) {
      await until('not closed', () => ended, withinMs)
      socket.destroy()
    },
    isClosed: () => ended,
    cut: () => void socket.destroy(),
  }
}

/** The head of a request, and what of its body follows at once. */
export function requestText(
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string | number>; body?: string } = {},
): string {
  const lines = Object.entries({ Host: 'registry.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
