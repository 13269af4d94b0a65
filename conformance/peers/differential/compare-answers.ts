/** Where two answers to one request differ, as far as a client can tell. */
import { createHash } from 'node:crypto'
import { errorCodes, type Answer, type Request } from '../support/ask.ts'

export interface FoundDifference {
  readonly aspect: string
  readonly distribution: string
  readonly lading: string
}

const headersOfAll = [
  'content-type',
  'location',
  'allow',
  'link',
  'www-authenticate',
  'docker-distribution-api-version',
]
const headersOfSuccess = [
  'content-length',
  'docker-content-digest',
  'etag',
  'range',
  'content-range',
  'accept-ranges',
  'cache-control',
  'docker-upload-uuid',
  'oci-subject',
  'oci-tag',
  'oci-chunk-min-length',
]
const absent = '(none)'

/** Only the outcome where that differs: everything else follows from it. */
export function compareAnswers(
  request: Request,
  { distribution, lading }: { distribution: Answer; lading: Answer },
): FoundDifference[] {
  const outcomes = { aspect: 'outcome', distribution: outcomeOf(distribution), lading: outcomeOf(lading) }
  if (distribution.status !== lading.status) return [outcomes]

  const found = outcomes.distribution === outcomes.lading ? [] : [outcomes]
  const isContent = lading.status < 300 || lading.status === 304 || lading.status === 416
  const isList = listIn(distribution) !== undefined && listIn(lading) !== undefined
  for (const name of [...headersOfAll, ...(isContent ? headersOfSuccess : [])]) {
    // The same list may be written with other white space.
    if (name === 'content-length' && (isList || lading.status === 416)) continue
    const values = { distribution: headerOf(distribution, name), lading: headerOf(lading, name) }
    if (values.distribution !== values.lading) found.push({ aspect: name, ...values })
  }
  if (lading.status < 300 && request.method === 'GET') {
    const bodies = { distribution: bodyOf(distribution), lading: bodyOf(lading) }
    if (bodies.distribution !== bodies.lading) found.push({ aspect: 'body', ...bodies })
  }
  return found
}

/** `404 MANIFEST_UNKNOWN`; each code once. */
export function outcomeOf({ status, body, headers }: Answer): string {
  if (status === 0) return `cut (${body.toString()})`
  const codes = [...new Set(errorCodes(body))]
  const isText = status >= 400 && codes.length === 0 && (headers['content-type'] ?? '').startsWith('text/plain')
  return [status, ...codes, ...(isText ? ['text'] : [])].join(' ')
}

/** Without what is each registry's own: ids and signed states, and the borders of multipart answers. */
function headerOf({ headers }: Answer, name: string): string {
  const value = headers[name]
  if (value === undefined) return absent
  const text = Array.isArray(value) ? value.join(', ') : value
  if (name === 'allow') return text.split(/, */).sort().join(', ')
  if (name === 'link') return text.replace(/\?([^>]*)>/, (_, query: string) => `?${sortedQuery(query)}>`)
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replace(/_state=[^&]+/, '_state=<state>')
    .replace(/boundary=.*/, 'boundary=<border>')
}

function sortedQuery(query: string): string {
  return query.split('&').sort().join('&')
}

function bodyOf(answer: Answer): string {
  const list = listIn(answer)
  if (list !== undefined) return JSON.stringify(list)
  const { body } = answer
  if (/^multipart/.test(answer.headers['content-type'] ?? '')) return partsOf(body, answer.headers['content-type'] ?? '')
  if (body.length < 200 && /^[\x20-\x7e\s]*$/.test(body.toString('latin1'))) return body.toString()
  return `${body.length} bytes, sha256:${createHash('sha256').update(body).digest('hex')}`
}

/** The answer of a list of tags or repositories. */
function listIn({ headers, body }: Answer): object | undefined {
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return undefined
  try {
    return JSON.parse(body.toString()) as object
  } catch {
    return undefined
  }
}

function partsOf(body: Buffer, contentType: string): string {
  const border = /boundary=(.*)/.exec(contentType)?.[1] ?? ''
  return body.toString('latin1').trim().replaceAll(border, '<border>')
}
