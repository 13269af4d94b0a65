// One signed request to S3 after the other: connections that are kept, time-outs, retries with jitter, renewed credentials, a clock that follows
// S3's. Measured against the SDK's client: a fifth to a seventh of the CPU per small request (docs/decisions/0011-s3-requests.md).
import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBodyConnections, type BodyAnswer } from './body-connections.ts'
import type { Endpoint } from './endpoint.ts'
import {
  errorIn,
  isOfClock,
  isOfNetwork,
  isOfStaleCredentials,
  isTemporary,
  isThrottling,
  S3ConnectionError,
  S3Error,
} from './errors.ts'
import { createSigner, encodeKey, queryString, type Signer } from './sign.ts'

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Empty for the bucket itself. */
  key: string
  query?: Readonly<Record<string, string>>
  /** Lower-case names. */
  headers?: Readonly<Record<string, string>>
  body?: Uint8Array | readonly Uint8Array[]
  /** Hex SHA-256 of the body, for S3 to hold it against; by default it is not told. */
  payloadHash?: string
  /** How long S3 may be silent, in milliseconds. */
  silenceMs?: number
}

export interface S3Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

/** The body of a request as it comes; ends, or throws to break the request off. */
export type BodySource = AsyncIterable<readonly Uint8Array[]>

export interface Transport {
  /**
   * The whole answer. Throws S3Error for 400 and above, or the network's error, when retries did not help; with `wasRepeated` where an earlier attempt
   * ended without an answer, and may have been carried out.
   */
  send(request: S3Request): Promise<S3Answer>
  /** As `send` for a GET, but the answer's body is read by the caller, to its end, or destroyed. */
  open(request: S3Request): Promise<BodyAnswer>
  /** With a body of known length that cannot be repeated: what fails before it was begun is tried again. Resolves when S3 has it all. */
  stream(request: S3Request, body: BodySource, length: number): Promise<S3Answer>
  /** An address that anyone may use for a while. */
  address(method: 'GET', key: string, query: Record<string, string>, lifetimeSeconds: number): Promise<string>
  close(): void
}

export interface TransportOptions {
  endpoint: Endpoint
  userAgent: string | undefined
  skipVerify: boolean
  /** Where clients find the store, if not where we do: the host is part of what is signed. */
  redirectEndpoint: string | undefined
  /** Told of every attempt, for tests that count and for metrics. */
  onAttempt?: (method: string, key: string) => void
  /** For tests, which cannot wait so long: no request lets S3 be silent for longer, in milliseconds. */
  mostSilenceMs?: number | undefined
}

const attempts = 6
const firstPauseMs = 50
const firstThrottledPauseMs = 400
const longestPauseMs = 10_000
const connectMs = 5000
const usualSilenceMs = 30_000
/** Larger bodies are asked for first: a store that is about to refuse says so before they are sent. */
const expectContinueBytes = 1024 * 1024
/** "the client SHOULD NOT wait for an indefinite period" (RFC 9110, section 10.1.1): not every store knows of it. */
const continueMs = 1000
const mostConnections = 512
/** S3 refuses what was signed a quarter of an hour ago. */
const mostSkewMs = 10 * 60_000

export function createTransport({
  endpoint,
  userAgent,
  skipVerify,
  redirectEndpoint,
  onAttempt,
  mostSilenceMs = Infinity,
}: TransportOptions): Transport {
  const signer: Signer = createSigner(endpoint.region, endpoint.service)
  const isTls = endpoint.origin.protocol === 'https:'
  const agentOptions = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: 64, scheduling: 'lifo' as const }
  const agent = isTls
    ? new https.Agent({ ...agentOptions, rejectUnauthorized: !skipVerify })
    : new http.Agent(agentOptions)
  /** What S3's clock is ahead of ours, in milliseconds. */
  let clockOffset = 0
  let renewedAt = 0
  let renewing: Promise<void> | undefined

  function renew(): Promise<void> {
    renewing ??= endpoint
      .credentials(true)
      .then(() => void (renewedAt = performance.now()))
      .finally(() => (renewing = undefined))
    return renewing
  }

  const publicOrigin = redirectEndpoint === undefined ? endpoint.origin : new URL(redirectEndpoint)
  const now = (): number => Date.now() + clockOffset
  const pathOf = (key: string): string => `${endpoint.pathPrefix}/${encodeKey(key)}`

  const bodies = createBodyConnections({
    origin: endpoint.origin,
    skipVerify,
    connectMs,
    silenceMs: Math.min(usualSilenceMs, mostSilenceMs),
  })

  /** Path and headers of a request, signed now. */
  async function signedHead(request: S3Request): Promise<{ path: string; headers: Record<string, string> }> {
    const { method, key, query = {}, headers = {}, payloadHash = 'UNSIGNED-PAYLOAD' } = request
    const path = pathOf(key)
    const unsigned = { method, host: endpoint.origin.host, path, query, headers, payloadHash }
    const signed = signer.headers(unsigned, await endpoint.credentials(), now())
    if (userAgent !== undefined) signed['user-agent'] = userAgent
    const text = queryString(query)
    onAttempt?.(method, key)
    return { path: text === '' ? path : `${path}?${text}`, headers: signed }
  }

  async function openBody(request: S3Request): Promise<BodyAnswer> {
    const { path, headers } = await signedHead(request)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const answer = await bodies.get(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    if (answer.status < 300) return answer
    answer.destroy()
    if (answer.status === 404) throw errorIn(404, '', `GET ${request.key}`)
    // Why not, is in the body, which the other way of asking reads.
    const again = await checked(request, await attempt(request))
    again.destroy()
    throw new S3ConnectionError(`GET ${request.key}: S3 answered ${answer.status}, and then ${again.statusCode}`)
  }

  async function begin(request: S3Request, length: number, expects: boolean): Promise<http.ClientRequest> {
    const { method } = request
    const { path, headers } = await signedHead(request)
    if (method === 'PUT' || method === 'POST') headers['content-length'] = String(length)
    if (expects) headers['expect'] = '100-continue'
    const sent = (isTls ? https : http).request({
      protocol: endpoint.origin.protocol,
      hostname: endpoint.origin.hostname,
      port: endpoint.origin.port,
      method,
      path,
      headers,
      agent,
    })
    limitSilence(sent, Math.min(request.silenceMs ?? usualSilenceMs, mostSilenceMs))
    return sent
  }

  async function attempt(request: S3Request): Promise<http.IncomingMessage> {
    const parts = partsOf(request.body)
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const sent = await begin(request, length, length > expectContinueBytes)
    return answerTo(sent, () => {
      sent.cork()
      for (const part of parts) sent.write(part)
      sent.uncork()
      sent.end()
    })
  }

  /** Repeats what failed for a passing reason. `work` is one attempt. */
  async function persistently<T>(
    request: S3Request,
    work: () => Promise<T>,
    mayRepeat: () => boolean = () => true,
  ): Promise<T> {
    let wasRepeated = false
    let wasRenewed = false
    for (let failures = 0; ;) {
      const begunAt = performance.now()
      try {
        return await work()
      } catch (error) {
        if (!mayRepeat()) throw error
        if ((isOfStaleCredentials(error) || isUnexplained(request, error)) && !wasRenewed) {
          wasRenewed = true
          // Many are refused together, and one of them asks for all.
          if (renewedAt < begunAt) await renew()
          continue
        }
        if (isOfClock(error) && failures++ === 0) continue
        if (!isTemporary(error) || ++failures >= attempts)
          throw wasRepeated ? Object.assign(error as Error, { wasRepeated }) : error
        // An error of the network, and one of the store's own, may come after the work was done.
        wasRepeated ||= request.method !== 'GET' && request.method !== 'HEAD'
        await sleep(pauseMs(error, failures))
      }
    }
  }

  async function checked(request: S3Request, answer: http.IncomingMessage): Promise<http.IncomingMessage> {
    const { statusCode = 0 } = answer
    if (statusCode < 300) return answer
    const body = await collect(answer)
    const error = errorIn(statusCode, body.toString(), `${request.method} ${request.key}`)
    const offset = Date.parse(answer.headers.date ?? '') - Date.now()
    const isOff = isOfClock(error) || (isUnexplained(request, error) && Math.abs(offset - clockOffset) > mostSkewMs)
    if (isOff && !Number.isNaN(offset)) clockOffset = offset
    const retryAfter = Number(answer.headers['retry-after'])
    throw Number.isFinite(retryAfter) ? Object.assign(error, { retryAfterMs: retryAfter * 1000 }) : error
  }

  async function whole(request: S3Request, answer: http.IncomingMessage): Promise<S3Answer> {
    const body = await collect(answer)
    // "the server might return 200 OK and … the final processed status in the body" (CompleteMultipartUpload, CopyObject, UploadPartCopy).
    if (request.method !== 'GET' && body.length > 0 && body.length < 10_000 && isErrorDocument(body.toString())) {
      throw errorIn(500, body.toString(), `${request.method} ${request.key}`)
    }
    return { status: answer.statusCode ?? 0, headers: answer.headers, body }
  }

  return {
    send: (request) =>
      persistently(request, async () => whole(request, await checked(request, await attempt(request)))),
    open: (request) => persistently(request, () => openBody(request)),

    async stream(request, body, length) {
      let hasBegun = false
      let failure: { error: unknown } | undefined
      const attemptOnce = async (): Promise<S3Answer> => {
        const sent = await begin(request, length, length > expectContinueBytes)
        const sendBody = (): void => {
          hasBegun = true
          feed(sent, body).catch((error: unknown) => {
            failure = { error }
            sent.destroy(new Error('the source failed'))
          })
        }
        try {
          return await whole(request, await checked(request, await answerTo(sent, sendBody)))
        } catch (error) {
          sent.destroy()
          throw failure === undefined ? error : failure.error
        }
      }
      return persistently(request, attemptOnce, () => !hasBegun)
    },

    async address(method, key, query, lifetimeSeconds) {
      const path = pathOf(key)
      const request = { method, host: publicOrigin.host, path, query }
      const text = signer.query(request, await endpoint.credentials(), now(), lifetimeSeconds)
      return `${publicOrigin.origin}${path}?${text}`
    },

    close() {
      agent.destroy()
      bodies.close()
    },
  }
}

function partsOf(body: S3Request['body']): readonly Uint8Array[] {
  if (body === undefined) return []
  return body instanceof Uint8Array ? [body] : body
}

/** Sends the body when S3 wants it: at once, or after its `100 Continue`. */
function answerTo(sent: http.ClientRequest, sendBody: () => void): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', (answer) => {
      // Refused before it was all sent: the connection is of no further use, and nothing else would close it.
      answer.once('end', () => sent.writableFinished || sent.destroy())
      resolve(answer)
    })
    // Also after the answer has begun: nobody else listens for it then, and it must not end the process.
    sent.on('error', (error) =>
      reject(new S3ConnectionError(`S3 cannot be reached: ${error.message}`, { cause: error })),
    )
    if (sent.getHeader('expect') === undefined) return sendBody()
    const begin = (): void => {
      clearTimeout(timer)
      sent.off('continue', begin)
      sendBody()
    }
    const timer = setTimeout(begin, continueMs)
    sent.once('continue', begin)
    sent.once('response', () => clearTimeout(timer))
    sent.once('close', () => clearTimeout(timer))
    sent.flushHeaders()
  })
}

/** An answer to HEAD has no document that tells why: of the credentials, of the clock, or of rights. */
function isUnexplained({ method }: S3Request, error: unknown): boolean {
  return method === 'HEAD' && error instanceof S3Error && (error.status === 400 || error.status === 403)
}

/** Others hold errors too: what of many keys could not be deleted. */
function isErrorDocument(xml: string): boolean {
  return /^\s*(?:<\?xml[^>]*\?>\s*)?<Error[\s>]/.test(xml)
}

async function feed(sent: http.ClientRequest, body: BodySource): Promise<void> {
  for await (const batch of body) {
    sent.cork()
    let isFull = false
    for (const piece of batch) isFull = !sent.write(piece)
    sent.uncork()
    if (isFull && !sent.destroyed) await drained(sent)
    if (sent.destroyed) return
  }
  sent.end()
}

function drained(sent: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sent.off('drain', done)
      sent.off('close', done)
      resolve()
    }
    sent.once('drain', done)
    sent.once('close', done)
  })
}

/** A connection that cannot be made, and a store that has fallen silent, are errors of the network. */
function limitSilence(sent: http.ClientRequest, silenceMs: number): void {
  const fail = (what: string): void => {
    sent.destroy(new Error(`it ${what}`))
  }
  sent.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => fail(`could not be reached within ${connectMs} ms`), connectMs)
    const clear = (): void => clearTimeout(timer)
    socket.once('connect', clear)
    socket.once('close', clear)
  })
  sent.setTimeout(silenceMs, () => fail(`was silent for ${silenceMs} ms`))
}

async function collect(answer: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
  } catch (error) {
    throw new S3ConnectionError(`S3 broke off its answer: ${(error as Error).message}`, { cause: error })
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}

/** Full jitter: many that failed together do not come back together. */
function pauseMs(error: unknown, failures: number): number {
  // A kept connection that the store had closed: nothing was wrong with the request.
  if (failures === 1 && isOfNetwork(error)) return 0
  const told = error instanceof S3Error && 'retryAfterMs' in error ? Number(error.retryAfterMs) : 0
  const first = isThrottling(error) ? firstThrottledPauseMs : firstPauseMs
  const longest = Math.min(longestPauseMs, first * 2 ** failures)
  return Math.min(longestPauseMs, told + Math.random() * longest)
}
