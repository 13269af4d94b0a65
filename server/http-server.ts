// The listening server: node:http with the time limits that a registry needs, and an orderly end.
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { Log } from '../registry/log.ts'
import { BodyRequest } from './request-body.ts'
import { noteExpectation } from './request.ts'

/** Long enough for any client, short enough that a header sent byte by byte does not hold a socket for ever. */
const headersTimeoutMs = 60_000
/** A response's bytes in flight per connection before we wait for the client. */
const socketBufferBytes = 256 * 1024
const drainPollMs = 50
/** After the cut, handlers still put on disk what they received. */
const settleMs = 5000

export interface HttpServerOptions {
  /** An upload or download in which no byte moves this long is cut. */
  idleTimeoutMs: number
  keepAliveTimeoutMs: number
  maxHeaderBytes: number
  tls: TlsSettings | undefined
}

export interface TlsSettings {
  options: https.ServerOptions<typeof BodyRequest>
  /** Go's names for what is asked of clients: a certificate at all, and one that our authorities signed. */
  clients: { mustPresent: boolean; mustVerify: boolean }
}

export interface HttpServer {
  /** Rejects when the address cannot be had. */
  listen(address: { host?: string; port: number } | { path: string }): Promise<void>
  /** The port, where one is listened on. */
  port(): number | undefined
  /** Accepts nothing more, and waits for running requests for at most `timeoutMs`, then cuts them. */
  drain(timeoutMs: number): Promise<void>
}

interface Exchange {
  request: BodyRequest
  response: http.ServerResponse
}

type ServerSettings = http.ServerOptions<typeof BodyRequest>

/** What Koa's callback is: a promise that it returns never rejects. */
export type Handle = (request: BodyRequest, response: http.ServerResponse) => unknown

export function createHttpServer(handle: Handle, options: HttpServerOptions, log: Log): HttpServer {
  const exchanges = new Map<Socket, Exchange>()
  const handling = new Set<unknown>()
  let draining = false
  const settings: ServerSettings = {
    // Node's own limit of 300 s for a whole request would cut slow uploads: the idle limit below takes its place.
    requestTimeout: 0,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    maxHeaderSize: options.maxHeaderBytes,
    highWaterMark: socketBufferBytes,
    IncomingMessage: BodyRequest,
    noDelay: true,
  }
  const server = options.tls === undefined ? http.createServer(settings) : createTlsServer(settings, options.tls)

  const serve: http.RequestListener<typeof BodyRequest> = (request, response) => {
    const { socket } = request
    exchanges.set(socket, { request, response })
    if (draining) response.setHeader('Connection', 'close')
    response.once('close', () => {
      if (exchanges.get(socket)?.response === response) exchanges.delete(socket)
    })
    const handled = Promise.resolve(handle(request, response)).finally(() => handling.delete(handled))
    handling.add(handled)
  }
  server.on('request', serve)
  server.on('checkContinue', (request, response) => {
    noteExpectation(request, response)
    serve(request, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = exchanges.get(socket)?.response
    // In the middle of an answer, or of one before it that the response still waits for, our sentence would be taken for its bytes.
    if (response !== undefined && (response.headersSent || response.socket === null)) socket.destroy()
    else answerClientError(error, socket)
  })
  server.setTimeout(options.idleTimeoutMs, (socket: Socket) => {
    const exchange = exchanges.get(socket)
    if (exchange !== undefined && isAtWork(exchange)) return void socket.setTimeout(options.idleTimeoutMs)
    if (exchange !== undefined)
      log.warn({ path: exchange.request.url, idleMs: options.idleTimeoutMs }, 'idle request was cut')
    socket.destroy()
  })

  return {
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(address, () => {
          server.off('error', reject)
          resolve()
        })
      }),

    port() {
      const address = server.address()
      return typeof address === 'object' ? address?.port : undefined
    },

    async drain(timeoutMs) {
      draining = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const deadline = Date.now() + timeoutMs
      while (exchanges.size > 0 && Date.now() < deadline) {
        server.closeIdleConnections()
        await sleep(drainPollMs)
      }
      if (exchanges.size > 0) log.warn({ requests: exchanges.size }, 'drain time is over, running requests were cut')
      server.closeAllConnections()
      await closed
      await Promise.race([Promise.all(handling), sleep(settleMs, undefined, { ref: false })])
    },
  }
}

function createTlsServer(
  settings: ServerSettings,
  { options, clients }: TlsSettings,
): https.Server<typeof BodyRequest> {
  const server = https.createServer<typeof BodyRequest>({ ...settings, ...options, rejectUnauthorized: false })
  server.on('secureConnection', (socket: TLSSocket) => {
    if (options.requestCert !== true) return
    const presents = Object.keys(socket.getPeerCertificate()).length > 0
    const refused = presents ? clients.mustVerify && !socket.authorized : clients.mustPresent
    if (refused) socket.destroy()
  })
  return server
}

/** The client owes us nothing: we are thinking, or have not yet taken what it sent. */
function isAtWork({ request, response }: Exchange): boolean {
  return !response.headersSent && (request.complete || request.hasWaiting())
}

const statusLines: Record<string, [status: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are larger than http.maxheaderbytes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the headers did not arrive in time'],
}

/** What is not HTTP is answered as HTTP all the same, where the connection still takes an answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, message] = statusLines[error.code ?? ''] ?? ['400 Bad Request', 'the request is not valid HTTP']
  const body = `${JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message }] })}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}
