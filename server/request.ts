// What endpoints take from a request: its body, with limits, and its query.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'koa'
import { RegistryError } from '../registry/errors.ts'
import type { BodyRequest } from './request-body.ts'

const awaitingContinue = new WeakMap<IncomingMessage, ServerResponse>()

/** Notes that the client waits for `100 Continue` before it sends the body: it is sent when the body is first wanted. */
export function noteExpectation(request: IncomingMessage, response: ServerResponse): void {
  awaitingContinue.set(request, response)
}

/** Whether the client was never told to go on: then its body may or may not follow, and the connection cannot be used again. */
export function isAwaitingContinue(request: IncomingMessage): boolean {
  return awaitingContinue.has(request)
}

/** The body as it arrives, in batches. It ends with an error when the client goes away before its end. */
export function bodyChunks({ req }: Context): AsyncIterable<readonly Buffer[]> {
  awaitingContinue.get(req)?.writeContinue()
  awaitingContinue.delete(req)
  return (req as BodyRequest).batches()
}

/** Content-Length, where the request has one. */
export function announcedLength(ctx: Context): number | undefined {
  const header = ctx.req.headers['content-length']
  return header === undefined ? undefined : Number(header)
}

export function hasBody(ctx: Context): boolean {
  return ctx.req.headers['transfer-encoding'] !== undefined || (announcedLength(ctx) ?? 0) > 0
}

/** The whole body. Throws `tooLarge()` as soon as it is certain that it exceeds `maxBytes`. */
export async function readBody(ctx: Context, maxBytes: number, tooLarge: () => RegistryError): Promise<Buffer> {
  if ((announcedLength(ctx) ?? 0) > maxBytes) throw tooLarge()
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const batch of bodyChunks(ctx)) {
    for (const chunk of batch) {
      bytes += chunk.length
      chunks.push(chunk)
    }
    if (bytes > maxBytes) throw tooLarge()
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

export function queryOf(ctx: Context): URLSearchParams {
  return new URLSearchParams(ctx.querystring)
}

/** A parameter that makes sense once only. Throws REQUEST_INVALID when it is given twice. */
export function singleParameter(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw new RegistryError('REQUEST_INVALID', { message: `the parameter ${name} is given twice` })
  return values[0]
}
