// Signature Version 4 for S3, in headers and in addresses ("Authenticating Requests: Using the Authorization Header" and "… Query Parameters").
import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

export interface Unsigned {
  method: string
  host: string
  /** Encoded. */
  path: string
  query: Readonly<Record<string, string>>
  /** Lower-case names; all of them are signed. */
  headers: Readonly<Record<string, string>>
  /** Hex SHA-256 of the body, or UNSIGNED-PAYLOAD. */
  payloadHash: string
}

/** Signs for one region; keeps the key of the day, which costs four HMACs. */
export function createSigner(region: string, service = 's3'): Signer {
  let cached: { id: string; key: Buffer } | undefined

  function keyOf({ accessKeyId, secretAccessKey }: Credentials, day: string): Buffer {
    const id = `${accessKeyId}\n${secretAccessKey}\n${day}`
    if (cached?.id === id) return cached.key
    const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`) as Buffer
    cached = { id, key }
    return key
  }

  function signatureOf(credentials: Credentials, time: string, canonical: string): string {
    const day = time.slice(0, 8)
    const text = `AWS4-HMAC-SHA256\n${time}\n${scopeOf(day)}\n${sha256Of(canonical)}`
    return createHmac('sha256', keyOf(credentials, day)).update(text).digest('hex')
  }

  const scopeOf = (day: string): string => `${day}/${region}/${service}/aws4_request`

  return {
    headers({ method, host, path, query, headers, payloadHash }, credentials, now) {
      const time = timeOf(now)
      const signed: Record<string, string> = {
        ...headers,
        host,
        'x-amz-content-sha256': payloadHash,
        'x-amz-date': time,
        ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
      }
      const names = Object.keys(signed).sort()
      const list = names.join(';')
      const lines = names.map((name) => `${name}:${signed[name]?.trim().replaceAll(/\s+/g, ' ')}\n`).join('')
      const canonical = `${method}\n${path}\n${queryString(query)}\n${lines}\n${list}\n${payloadHash}`
      const signature = signatureOf(credentials, time, canonical)
      signed['authorization'] =
        `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scopeOf(time.slice(0, 8))}, SignedHeaders=${list}, Signature=${signature}`
      return signed
    },

    query({ method, host, path, query }, credentials, now, lifetimeSeconds) {
      const time = timeOf(now)
      const all: Record<string, string> = {
        ...query,
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `${credentials.accessKeyId}/${scopeOf(time.slice(0, 8))}`,
        'X-Amz-Date': time,
        'X-Amz-Expires': String(lifetimeSeconds),
        'X-Amz-SignedHeaders': 'host',
        ...(credentials.sessionToken === undefined ? {} : { 'X-Amz-Security-Token': credentials.sessionToken }),
      }
      const text = queryString(all)
      const canonical = `${method}\n${path}\n${text}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`
      return `${text}&X-Amz-Signature=${signatureOf(credentials, time, canonical)}`
    },
  }
}

export interface Signer {
  /** All headers of the request, signed. `now` in milliseconds since 1970, by the storage's clock. */
  headers(request: Unsigned, credentials: Credentials, now: number): Record<string, string>
  /** The query of an address that anyone may use for `lifetimeSeconds`. */
  query(
    request: Pick<Unsigned, 'method' | 'host' | 'path' | 'query'>,
    credentials: Credentials,
    now: number,
    lifetimeSeconds: number,
  ): string
}

/** Sorted and encoded, as it is signed and sent. */
export function queryString(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** A key as the path of an address: every byte but the unreserved ones and `/` encoded, once. */
export function encodeKey(key: string): string {
  return encode(key).replaceAll('%2F', '/')
}

/** RFC 3986: all but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** In base64, as Content-MD5 wants it. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

/** In hexadecimal. */
export function sha256Of(bytes: string | Uint8Array | readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes) hash.update(part)
  return hash.digest('hex')
}

function timeOf(now: number): string {
  return new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
