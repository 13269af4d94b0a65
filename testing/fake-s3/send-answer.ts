// Puts an answer on the wire: as it should be, or cut, or slowly.
import { randomBytes } from 'node:crypto'
import type http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from './call.ts'
import type { Fault } from './faults.ts'
import { errorDocument, type S3Error } from './s3-error.ts'

const trickleMs = 50
/** How long a connection that was answered early stays open for the answer to be read. */
const lingerMs = 1000

export async function sendAnswer(response: http.ServerResponse, answer: Answer, fault?: Fault): Promise<void> {
  const { status, body = '', headers } = answer
  const isCutOrSlow = fault?.kind === 'cut-answer' || fault?.kind === 'slow-answer'
  const hasBody = status !== 204 && status !== 304
  response.writeHead(status, {
    'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
    'x-amz-id-2': randomBytes(24).toString('base64'),
    server: 'AmazonS3',
    ...headers,
    // S3 sends documents in chunks, without telling their length.
    ...(hasBody && (isCutOrSlow || typeof body !== 'string' || body === '')
      ? { 'content-length': Buffer.byteLength(body) }
      : {}),
  })
  if (!isCutOrSlow) return void response.end(body)

  const bytes = Buffer.from(body)
  if (fault.kind === 'slow-answer') return trickle(response, bytes, fault.bytesPerSecond)
  const some = bytes.subarray(0, fault.afterBytes)
  if (some.length > 0) response.write(some)
  else response.flushHeaders()
  response.socket?.destroySoon()
}

async function trickle(response: http.ServerResponse, bytes: Buffer, bytesPerSecond: number): Promise<void> {
  const perStep = Math.max(1, Math.round((bytesPerSecond * trickleMs) / 1000))
  const stepMs = (perStep / bytesPerSecond) * 1000
  for (let at = 0; at < bytes.length && !response.destroyed; at += perStep) {
    response.write(bytes.subarray(at, at + perStep))
    await sleep(stepMs, undefined, { ref: false })
  }
  response.end()
}

/** HEAD has no place for the document. */
export function errorAnswer(
  { status, code, message, detail }: S3Error,
  { method, url = '' }: http.IncomingMessage,
): Answer {
  const document = errorDocument(code, message, { ...detail, Resource: url.split('?')[0] ?? '' })
  return { status, headers: { 'content-type': 'application/xml' }, body: method === 'HEAD' ? '' : document }
}

/** By hand: node:http would read the body away, or reset the connection before the answer has been read. */
export function answerEarly({ socket }: http.IncomingMessage, status: number, code: string): void {
  const document = errorDocument(code, 'answered early')
  const head = `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/xml\r\nContent-Length: ${document.length}\r\nConnection: close`
  socket.end(`${head}\r\n\r\n${document}`)
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
