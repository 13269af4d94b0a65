// One request and its whole answer, on a connection of its own: so that it may land on any worker.
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'

export interface ExchangeTarget {
  url: string
  /** A unix socket to connect to instead of the host in `url`. */
  socketPath?: string
  /** Certificates, for https. */
  tls?: https.RequestOptions
}

export interface ExchangeRequest {
  method?: string
  /** From the first `/`, or a whole address as a Location header has it. */
  path: string
  headers?: http.OutgoingHttpHeaders
  /** A stream is sent with chunked transfer encoding. */
  body?: Uint8Array | string | AsyncIterable<Uint8Array>
  /** In which not a byte moves. */
  patienceMs?: number
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

/** Rejects when the connection ends before the answer does. */
export function exchange(target: ExchangeTarget, request: ExchangeRequest): Promise<Answer> {
  const { protocol, hostname, port, pathname, search } = new URL(request.path, target.url)
  const { body, method = 'GET', patienceMs = 15_000 } = request
  const isStream = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
  const options = {
    agent: false as const,
    hostname,
    port,
    path: pathname + search,
    method,
    headers: {
      ...(isStream || (body === undefined && method === 'GET')
        ? {}
        : { 'Content-Length': Buffer.byteLength(body ?? '') }),
      ...request.headers,
    },
    ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
  }
  return new Promise((resolve, reject) => {
    const onAnswer = (response: http.IncomingMessage): void => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    }
    const sending =
      protocol === 'https:' ? https.request({ ...options, ...target.tls }, onAnswer) : http.request(options, onAnswer)
    sending.once('error', reject)
    sending.setTimeout(patienceMs, () =>
      sending.destroy(new Error(`no byte of ${method} ${request.path} for ${patienceMs} ms`)),
    )
    if (isStream)
      Readable.from(body)
        .once('error', (error) => sending.destroy(error))
        .pipe(sending)
    else sending.end(body)
  })
}

export interface ErrorEnvelope {
  errors: { code: string; message: string; detail?: unknown }[]
}

export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(answer.body.toString()) as T
}

/** The first entry of the error envelope. */
export function errorOf(answer: Answer): ErrorEnvelope['errors'][number] {
  const [first] = jsonOf<ErrorEnvelope>(answer).errors
  if (first === undefined) throw new Error('the error envelope is empty')
  return first
}
