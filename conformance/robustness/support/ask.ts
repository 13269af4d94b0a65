// One request on a connection of its own, so that it may land on any worker; its body may be a stream of unknown length.
import { once } from 'node:events'
import http from 'node:http'
import type { Answer } from '../../../testing/exchange.ts'

export interface Question {
  method?: string
  /** From the first `/`, or a whole address as a Location header has it. */
  path: string
  headers?: http.OutgoingHttpHeaders
  /** A stream is sent with chunked transfer encoding. */
  body?: Uint8Array | AsyncIterable<Uint8Array>
}

/** In which not a byte moved: nobody waits longer, however busy the machine. */
const patienceMs = 60_000

/**
 * Rejects when the connection ends before the answer does. An answer to a change counts as seen with its head: what a client may rely on is
 * the status, even if the connection breaks right behind it.
 */
export async function ask(url: string, { method = 'GET', path, headers = {}, body }: Question): Promise<Answer> {
  const isStream = body !== undefined && !(body instanceof Uint8Array)
  const request = http.request(new URL(path, url), {
    agent: false,
    method,
    headers: {
      ...(isStream || (body === undefined && method === 'GET') ? {} : { 'Content-Length': body?.length ?? 0 }),
      ...headers,
    },
  })
  request.setTimeout(patienceMs, () => {
    request.destroy(new Error(`${method} ${path}: no answer within ${patienceMs / 1000} s`))
  })
  const answer = readAnswer(request, method !== 'GET')
  // Whoever sends a stream awaits it before the answer: until then a refusal is nobody's.
  answer.catch(() => {})
  if (isStream) await sendStream(request, body)
  else request.end(body)
  return answer
}

/** The server may answer, and close, before it has all of the body; then the answer is what counts. */
async function sendStream(request: http.ClientRequest, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    if (request.destroyed) return
    if (request.write(chunk)) continue
    const stop = new AbortController()
    const { signal } = stop
    await Promise.race([once(request, 'drain', { signal }), once(request, 'close', { signal })]).catch(() => {})
    stop.abort()
  }
  request.end()
}

function readAnswer(request: http.ClientRequest, headCounts: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      const settle = (): void =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', settle)
      response.once('error', headCounts ? settle : reject)
    })
  })
}
