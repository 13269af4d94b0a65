/** The HTTP client of the suite: it keeps status, headers and bytes exactly as the registry sent them, and knows nothing of registries. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export interface Answer {
  readonly method: string
  readonly url: string
  readonly status: number
  /** Names and values in turn, as they came over the wire. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** The value of a header, repeated headers joined by commas; undefined when it is absent. */
  header(name: string): string | undefined
}

export type Headers = Readonly<Record<string, string | readonly string[]>>

export interface Request {
  readonly method: string
  /** A path with its query, sent as it is, or an absolute URL. */
  readonly target: string
  readonly headers?: Headers
  readonly body?: string | Uint8Array | undefined
  readonly followRedirects?: boolean
}

export interface Registry {
  readonly baseUrl: URL
  send(request: Request): Promise<Answer>
  get(target: string, headers?: Headers): Promise<Answer>
  head(target: string, headers?: Headers): Promise<Answer>
  delete(target: string, headers?: Headers): Promise<Answer>
  post(target: string, body?: string | Uint8Array, headers?: Headers): Promise<Answer>
  put(target: string, body?: string | Uint8Array, headers?: Headers): Promise<Answer>
  patch(target: string, body?: string | Uint8Array, headers?: Headers): Promise<Answer>
}

const httpAgent = new HttpAgent({ keepAlive: true })
const httpsAgent = new HttpsAgent({ keepAlive: true })
const mostRedirects = 5
const longestSilenceMs = 15_000

/** A client of the registry at the URL, which is asked for at each request: the server may start later than the tests are declared. */
export function connect(baseUrl: () => URL): Registry {
  const send = (request: Request): Promise<Answer> => follow(baseUrl(), request)

  return {
    get baseUrl() {
      return baseUrl()
    },
    send,
    get: (target, headers = {}) => send({ method: 'GET', target, headers }),
    head: (target, headers = {}) => send({ method: 'HEAD', target, headers }),
    delete: (target, headers = {}) => send({ method: 'DELETE', target, headers }),
    post: (target, body, headers = {}) => send({ method: 'POST', target, headers, body }),
    put: (target, body, headers = {}) => send({ method: 'PUT', target, headers, body }),
    patch: (target, body, headers = {}) => send({ method: 'PATCH', target, headers, body }),
  }
}

// spec, API: "The status codes documented in this specification are those returned after any redirects have been followed."
async function follow(baseUrl: URL, request: Request): Promise<Answer> {
  let answer = await exchange(baseUrl, request)
  for (let redirects = 0; redirects < mostRedirects && request.followRedirects !== false; redirects++) {
    const location = answer.header('location')
    if (![301, 302, 307, 308].includes(answer.status) || location === undefined) return answer
    answer = await exchange(baseUrl, { ...request, target: new URL(location, answer.url).href })
  }
  return answer
}

async function exchange(baseUrl: URL, request: Request): Promise<Answer> {
  try {
    return await exchangeOnce(baseUrl, request)
  } catch (error) {
    // A kept-alive connection may be closed by the server just when it is used again; only then is a second try fair.
    if (error instanceof StaleConnection) return await exchangeOnce(baseUrl, request)
    throw error
  }
}

class StaleConnection extends Error {}

function exchangeOnce(baseUrl: URL, { method, target, headers = {}, body }: Request): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { origin, path } = destination(baseUrl, target)
  const secure = origin.protocol === 'https:'
  const outgoing = (secure ? httpsRequest : httpRequest)({
    method,
    path,
    host: origin.hostname.replace(/^\[|\]$/g, ''),
    port: origin.port === '' ? (secure ? 443 : 80) : Number(origin.port),
    agent: secure ? httpsAgent : httpAgent,
    headers: { ...credentials(baseUrl, origin), ...framing(method, headers, body), ...headers } as Record<
      string,
      string
    >,
  })

  let answered = false
  outgoing.on('response', (response) => {
    answered = true
    collect(response).then(
      (bytes) => resolve(answerOf(method, new URL(path, origin).href, response, bytes)),
      (cause: unknown) => reject(new Error(`${method} ${path}: the answer was cut`, { cause })),
    )
  })
  outgoing.on('error', (cause) => {
    if (answered) return
    const stale = outgoing.reusedSocket && 'code' in cause && ['ECONNRESET', 'EPIPE'].includes(String(cause.code))
    reject(stale ? new StaleConnection() : new Error(`${method} ${path}: no answer (${cause.message})`, { cause }))
  })
  outgoing.setTimeout(longestSilenceMs, () => outgoing.destroy(new Error(`silence for ${longestSilenceMs} ms`)))
  outgoing.end(body)
  return promise
}

/** Paths go out untouched (URL would resolve `..` and decode nothing), absolute URLs come from Location and Link headers. */
function destination(baseUrl: URL, target: string): { origin: URL; path: string } {
  if (target.startsWith('/')) return { origin: new URL(baseUrl.origin), path: target }
  const url = new URL(target)
  return { origin: new URL(url.origin), path: url.pathname + url.search }
}

function credentials(baseUrl: URL, origin: URL): Record<string, string> {
  if (baseUrl.username === '' || origin.origin !== baseUrl.origin) return {}
  const pair = `${decodeURIComponent(baseUrl.username)}:${decodeURIComponent(baseUrl.password)}`
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function framing(method: string, headers: Headers, body: string | Uint8Array | undefined): Record<string, string> {
  if ('Transfer-Encoding' in headers || 'Content-Length' in headers) return {}
  if (body !== undefined) return { 'Content-Length': String(Buffer.byteLength(body)) }
  return ['POST', 'PUT', 'PATCH'].includes(method) ? { 'Content-Length': '0' } : {}
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

function answerOf(method: string, url: string, response: IncomingMessage, body: Buffer): Answer {
  const { rawHeaders, statusCode: status = 0 } = response
  return {
    method,
    url,
    status,
    rawHeaders,
    body,
    header: (name) => headerOf(rawHeaders, name),
  }
}

function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase())
  return values.length === 0 ? undefined : values.join(', ')
}
