// Outermost but for the log: turns whatever was thrown into the specification's error envelope, and tells the operator of faults.
import type { Context, Middleware } from 'koa'
import { asRegistryError, RegistryError } from '../../registry/errors.ts'
import type { Log } from '../../registry/log.ts'
import { isAwaitingContinue } from '../request.ts'

/** As CNCF distribution logs a client that went away; nobody receives it. */
const clientClosedRequest = 499
const retryAfterSeconds = 5

export interface ErrorState {
  requestId?: string
}

export function renderErrors(log: Log): Middleware<ErrorState> {
  return async (ctx, next) => {
    try {
      await next()
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false)
        throw new RegistryError('ROUTE_UNKNOWN')
    } catch (error) {
      if (hasGoneAway(ctx)) {
        ctx.respond = false
        ctx.res.statusCode = clientClosedRequest
        ctx.res.destroy()
        return
      }
      const answer = asRegistryError(error)
      if (answer.status >= 500) report(log, ctx, error)
      if (ctx.headerSent) {
        // After the first byte of a body the only honest error is a cut connection.
        ctx.res.destroy()
        return
      }
      render(ctx, answer)
    }
  }
}

/** The client's side of the connection is closed, before the end of its request or of our answer. */
function hasGoneAway(ctx: Context): boolean {
  return ctx.req.socket.destroyed || (ctx.req.destroyed && !ctx.req.complete)
}

function render(ctx: Context, error: RegistryError): void {
  for (const name of ['Content-Range', 'ETag', 'Cache-Control', 'Accept-Ranges', 'Docker-Content-Digest'])
    ctx.remove(name)
  ctx.respond = true
  ctx.status = error.status
  ctx.set('Content-Type', 'application/json')
  if (error.status === 503 || error.status === 507 || error.status === 429)
    ctx.set('Retry-After', String(retryAfterSeconds))
  // Whether the body of a request that still waits for `100 Continue` will follow, nobody knows.
  if (isAwaitingContinue(ctx.req)) ctx.set('Connection', 'close')
  // Some clients read the answer only after they have sent all of the body. Node discards the rest only of bodies that nobody began to read.
  else if (!ctx.req.complete) ctx.req.resume()
  ctx.body = Buffer.from(`${JSON.stringify({ errors: error.entries })}\n`)
}

function report(log: Log, ctx: Context, error: unknown): void {
  const fields = {
    requestId: (ctx.state as ErrorState).requestId,
    method: ctx.method,
    path: ctx.path,
    error: describeFault(error),
  }
  log.error(fields, 'request failed')
}

function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `; caused by ${describeFault(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
