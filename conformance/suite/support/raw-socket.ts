/** HTTP by hand over a socket, for what an HTTP client would never send: lies, cuts, pauses and floods. */
import assert from 'node:assert/strict'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { Registry } from './client.ts'

export interface RawHead {
  readonly status: number
  readonly text: string
}

export interface RawConnection {
  /** Sends bytes; a connection that the server has closed meanwhile is no failure. */
  write(bytes: string | Uint8Array): Promise<void>
  /** The status line and headers of the next answer; undefined when none comes in time or the connection ends before. */
  readHead(withinMs?: number): Promise<RawHead | undefined>
  /** What comes after the last head that was read, until the server closes or the time is over. */
  readRest(withinMs?: number): Promise<Buffer>
  readonly hasInput: boolean
  readonly hasEnded: boolean
  cut(): void
}

export async function openConnection(registry: Registry): Promise<RawConnection> {
  const { hostname, port, protocol } = registry.baseUrl
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const socket = secure
    ? connectTls({ host, port: Number(port || 443), servername: host })
    : connectTcp({ host, port: Number(port || 80) })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once(secure ? 'secureConnect' : 'connect', resolve)
  socket.once('error', reject)
  await promise
  socket.setNoDelay(true)
  return connectionOn(socket)
}

/** The head of a request as text. Authorization is added by hand where a test needs it. */
export function requestHead(
  registry: Registry,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const path = target.startsWith('/') ? target : new URL(target).pathname + new URL(target).search
  const { host, username, password } = registry.baseUrl
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  const all = { Host: host, ...(username === '' ? {} : { Authorization: `Basic ${basic}` }), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

function connectionOn(socket: Socket): RawConnection {
  let input = Buffer.alloc(0)
  let ended = false
  let wake = (): void => {}
  socket.on('data', (bytes: Buffer) => {
    input = Buffer.concat([input, bytes])
    wake()
  })
  const end = (): void => {
    ended = true
    wake()
  }
  for (const event of ['end', 'close', 'error']) socket.on(event, end)

  const changed = (withinMs: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
    return promise
  }

  return {
    get hasInput() {
      return input.length > 0 || ended
    },
    get hasEnded() {
      return ended
    },
    async write(bytes) {
      if (socket.destroyed || ended) return
      const { promise, resolve } = Promise.withResolvers<void>()
      socket.write(bytes, () => resolve())
      socket.once('close', resolve)
      await promise
      socket.off('close', resolve)
    },
    async readHead(withinMs = 5000) {
      const deadline = Date.now() + withinMs
      for (;;) {
        const length = input.indexOf('\r\n\r\n')
        if (length >= 0) {
          const text = input.subarray(0, length).toString('latin1')
          input = input.subarray(length + 4)
          return { status: statusOf(text), text }
        }
        if (ended || Date.now() >= deadline) return undefined
        await changed(deadline - Date.now())
      }
    },
    async readRest(withinMs = 1000) {
      const deadline = Date.now() + withinMs
      for (;;) {
        const left = deadline - Date.now()
        if (ended || left <= 0) return input
        await changed(left)
      }
    },
    cut: () => socket.destroy(),
  }
}

function statusOf(head: string): number {
  const match = /^HTTP\/1\.[01] (\d{3})/.exec(head)
  assert.ok(match, `not an HTTP answer: ${head.slice(0, 100)}`)
  return Number(match[1])
}
