// Requests to an S3 server without an SDK, which hides and repairs too much: signed in a header or in the address.
import { createHash } from 'node:crypto'
import { exchange, type Answer } from '../exchange.ts'
import { algorithm, signatureOf, uriEncoded } from './signature.ts'

/** Where a server is and whom it accepts. */
export interface S3Account {
  endpoint: string
  accessKey: string
  secretKey: string
  region: string
}

export interface PlainRequest {
  method?: string
  /** Decoded, such as /bucket/a key. */
  path: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Uint8Array | string
  /** Of the body by default; or a wrong one, or UNSIGNED-PAYLOAD. */
  payloadHash?: string
  /** The time of signing; now by default. */
  signedAt?: Date
}

/** Fit for exchange(). */
export interface SignedRequest {
  method: string
  /** Encoded, with the query. */
  path: string
  headers: Record<string, string>
  body: Uint8Array | string
}

export async function signedRequest(account: S3Account, request: PlainRequest): Promise<Answer> {
  return exchange({ url: account.endpoint }, signed(account, request))
}

/** Ready to be sent by whatever means. */
export function signed(
  { endpoint, accessKey, secretKey, region }: S3Account,
  { method = 'GET', path, query = {}, body = '', ...more }: PlainRequest,
): SignedRequest {
  const payloadHash = more.payloadHash ?? createHash('sha256').update(body).digest('hex')
  const time = timeOf(more.signedAt)
  const headers: Record<string, string> = {
    host: new URL(endpoint).host,
    'x-amz-date': time,
    'x-amz-content-sha256': payloadHash,
    ...more.headers,
  }
  const signedHeaders = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  const pairs = Object.entries(query)
  const scope = { time, region, service: 's3', secretKey }
  const signature = signatureOf({ method, path, query: pairs, headers, signedHeaders, payloadHash }, scope)
  const credential = `${accessKey}/${time.slice(0, 8)}/${region}/s3/aws4_request`
  headers['authorization'] =
    `${algorithm} Credential=${credential},SignedHeaders=${signedHeaders.sort().join(';')},Signature=${signature}`
  return { method, path: addressOf(path, pairs), headers, body }
}

/** A path with its query, which needs no header; only `host` is under the signature. */
export function presigned(
  { endpoint, accessKey, secretKey, region }: S3Account,
  { method = 'GET', path, query = {}, signedAt }: PlainRequest,
  lifetimeSeconds: number,
): string {
  const time = timeOf(signedAt)
  const pairs = Object.entries({
    ...query,
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${accessKey}/${time.slice(0, 8)}/${region}/s3/aws4_request`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(lifetimeSeconds),
    'X-Amz-SignedHeaders': 'host',
  })
  const signature = signatureOf(
    {
      method,
      path,
      query: pairs,
      headers: { host: new URL(endpoint).host },
      signedHeaders: ['host'],
      payloadHash: 'UNSIGNED-PAYLOAD',
    },
    { time, region, service: 's3', secretKey },
  )
  return addressOf(path, [...pairs, ['X-Amz-Signature', signature]])
}

function addressOf(path: string, query: readonly (readonly [string, string])[]): string {
  const pairs = query.map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`)
  const encodedPath = uriEncoded(path).replaceAll('%2F', '/')
  return pairs.length === 0 ? encodedPath : `${encodedPath}?${pairs.join('&')}`
}

function timeOf(at = new Date()): string {
  return at.toISOString().replace(/[-:]|\.\d+/g, '')
}
