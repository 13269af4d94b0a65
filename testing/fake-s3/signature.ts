// Signature version 4: the signature of a request, as whoever holds the secret computes it.
import { createHash, createHmac } from 'node:crypto'
import type http from 'node:http'

export interface SignedRequest {
  method: string
  /** Decoded. */
  path: string
  /** Decoded, without the signature itself. */
  query: readonly (readonly [name: string, value: string])[]
  headers: http.IncomingHttpHeaders
  signedHeaders: readonly string[]
  payloadHash: string
}

export interface SigningScope {
  /** As in x-amz-date: 20130524T000000Z. */
  time: string
  region: string
  service: string
  secretKey: string
}

export const algorithm = 'AWS4-HMAC-SHA256'

export function signatureOf(request: SignedRequest, { time, region, service, secretKey }: SigningScope): string {
  const date = time.slice(0, 8)
  const text = [
    algorithm,
    time,
    `${date}/${region}/${service}/aws4_request`,
    createHash('sha256').update(canonicalRequest(request)).digest('hex'),
  ].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretKey}`)
  return hmac(key, text).toString('hex')
}

function canonicalRequest({ method, path, query, headers, signedHeaders, payloadHash }: SignedRequest): string {
  const names = [...signedHeaders].sort()
  const pairs = query.map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`).sort()
  return [
    method,
    // S3 alone encodes the path once, not twice.
    uriEncoded(path).replaceAll('%2F', '/'),
    pairs.join('&'),
    ...names.map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}`,
    ),
    '',
    names.join(';'),
    payloadHash,
  ].join('\n')
}

export function uriEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
