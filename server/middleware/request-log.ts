// Gives every request an id, and writes the access log and the application log's line about it, in the forms that CNCF distribution writes.
import { randomUUID } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type { Log } from '../../registry/log.ts'
import type { Addresses } from '../addresses.ts'
import { sentBodyBytes } from '../sent-bytes.ts'
import type { ErrorState } from './errors.ts'

const idPattern = /^[\w.:/+=-]{1,128}$/
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export interface RequestLogOptions {
  log: Log
  /** Takes one line of the access log; absent when log.accesslog.disabled. */
  writeAccess: ((line: string) => void) | undefined
  /** Whether the application log is to have a line for each request (level info or finer). */
  logsRequests: boolean
  addresses: Addresses
}

export function logRequests({ log, writeAccess, logsRequests, addresses }: RequestLogOptions): Middleware<ErrorState> {
  return async (ctx, next) => {
    const startedAt = performance.now()
    const given = ctx.get('x-request-id')
    const requestId = idPattern.test(given) ? given : randomUUID()
    ctx.state.requestId = requestId
    ctx.set('X-Request-Id', requestId)
    if (writeAccess === undefined && !logsRequests) return next()
    // A socket that was closed no longer knows its peer.
    const client = addresses.client(ctx.req)
    const writtenBefore = ctx.req.socket.bytesWritten
    await next()

    const finish = (): void => {
      const answered: Answered = { client, requestId, startedAt, sentBytes: sentBodyBytes(ctx, writtenBefore) }
      writeAccess?.(accessLine(ctx, answered))
      if (logsRequests) log.info(requestFields(ctx, answered), 'response completed')
    }
    // An answer that Koa sends is complete after the middlewares; one that was cut has nothing more to come.
    if (ctx.res.writableFinished || ctx.res.destroyed) finish()
    else ctx.res.once('close', finish)
  }
}

interface Answered {
  client: string
  requestId: string
  startedAt: number
  sentBytes: number
}

function requestFields(ctx: Context, { client, requestId, startedAt, sentBytes }: Answered): Record<string, unknown> {
  return {
    'http.request.contenttype': ctx.req.headers['content-type'],
    'http.request.host': ctx.req.headers.host,
    'http.request.id': requestId,
    'http.request.method': ctx.method,
    'http.request.remoteaddr': client,
    'http.request.uri': ctx.originalUrl,
    'http.request.useragent': ctx.req.headers['user-agent'],
    'http.response.contenttype': ctx.res.getHeader('content-type'),
    'http.response.duration': `${(performance.now() - startedAt).toFixed(3)}ms`,
    'http.response.status': ctx.res.statusCode,
    'http.response.written': sentBytes,
  }
}

/** Combined log format, as Apache defines it. */
function accessLine(ctx: Context, { client, sentBytes }: Answered): string {
  const { method, originalUrl, req, res } = ctx
  const request = `${method} ${originalUrl} HTTP/${req.httpVersion}`
  const referrer = quotable(req.headers.referer)
  const agent = quotable(req.headers['user-agent'])
  return `${client} - - [${clfTime(new Date())}] "${quotable(request)}" ${res.statusCode} ${sentBytes} "${referrer}" "${agent}"\n`
}

function quotable(text: string | undefined): string {
  return (text ?? '').replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')
}

function clfTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}
