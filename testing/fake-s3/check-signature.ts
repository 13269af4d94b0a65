// Refuses a request whose signature is missing, wrong, too old, or by somebody unknown.
import type { Credentials } from './credentials.ts'
import type { RequestHead } from './operations.ts'
import { S3Error } from './s3-error.ts'
import { algorithm, signatureOf } from './signature.ts'

interface Claim {
  credential: string
  signedHeaders: string[]
  signature: string
  time: string
  /** Of a presigned address. */
  lifetimeSeconds?: number
  payloadHash: string
}

const clockSkewMs = 15 * 60_000
const longestLifetimeSeconds = 7 * 24 * 3600

/** The hash that the body must have, or UNSIGNED-PAYLOAD. */
export function checkSignature(head: RequestHead, credentials: Credentials, region: string): string {
  const claim = head.parameter('X-Amz-Signature') === undefined ? headerClaim(head) : queryClaim(head)
  const [accessKey = '', date, claimedRegion, service = '', end] = claim.credential.split('/')
  if (end !== 'aws4_request' || service !== 's3' || date !== claim.time.slice(0, 8))
    throw malformed('the scope is wrong')
  if (claimedRegion !== region)
    throw new S3Error(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${claimedRegion}' is wrong; expecting '${region}'`,
      { Region: region },
    )
  checkTime(claim)
  checkSignedHeaders(head, claim)

  const secretKey = credentials.secretOf(accessKey)
  const query = head.query.filter(([name]) => name !== 'X-Amz-Signature')
  const expected = signatureOf({ ...head, ...claim, query }, { time: claim.time, region, service, secretKey })
  if (expected !== claim.signature)
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    )
  return claim.payloadHash
}

function headerClaim({ headers }: RequestHead): Claim {
  const authorization = headers.authorization
  if (authorization === undefined) throw denied('Access Denied')
  const match = /^(\S+) Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(authorization)
  if (match === null || match[1] !== algorithm) throw malformed('it is not of signature version 4')
  const payloadHash = headers['x-amz-content-sha256']
  if (typeof payloadHash !== 'string')
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  const [, , credential = '', signedHeaders = '', signature = ''] = match
  const time = String(headers['x-amz-date'] ?? '')
  return { credential, signedHeaders: signedHeaders.split(';'), signature, time, payloadHash }
}

function queryClaim({ headers, parameter }: RequestHead): Claim {
  const lifetimeSeconds = Number(parameter('X-Amz-Expires'))
  if (
    parameter('X-Amz-Algorithm') !== algorithm ||
    !(lifetimeSeconds >= 0 && lifetimeSeconds <= longestLifetimeSeconds)
  )
    throw new S3Error(400, 'AuthorizationQueryParametersError', 'X-Amz-Algorithm or X-Amz-Expires is wrong')
  return {
    credential: parameter('X-Amz-Credential') ?? '',
    signedHeaders: (parameter('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: parameter('X-Amz-Signature') ?? '',
    time: parameter('X-Amz-Date') ?? '',
    lifetimeSeconds,
    payloadHash: parameter('X-Amz-Content-Sha256') ?? String(headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD'),
  }
}

/** By the true clock, as the client has no other. */
function checkTime({ time, lifetimeSeconds }: Claim): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time)
  if (match === null) throw denied('AWS authentication requires a valid Date or x-amz-date header')
  const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]]
  const ageMs = Date.now() - Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
  if (lifetimeSeconds !== undefined && ageMs > lifetimeSeconds * 1000) throw denied('Request has expired')
  if (ageMs < -clockSkewMs || (lifetimeSeconds === undefined && ageMs > clockSkewMs))
    throw new S3Error(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    )
}

/** What S3 acts upon must be under the signature. */
function checkSignedHeaders({ headers }: RequestHead, { signedHeaders, lifetimeSeconds }: Claim): void {
  const mustBeSigned = (name: string): boolean =>
    name === 'host' ||
    (name.startsWith('x-amz-') && !(lifetimeSeconds !== undefined && name === 'x-amz-content-sha256'))
  const unsigned = Object.keys(headers).filter((name) => mustBeSigned(name) && !signedHeaders.includes(name))
  if (unsigned.length > 0)
    throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
}

const denied = (message: string): S3Error => new S3Error(403, 'AccessDenied', message)

const malformed = (why: string): S3Error =>
  new S3Error(400, 'AuthorizationHeaderMalformed', `The authorization header is malformed; ${why}`)
