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
  for (const name of headersThatCount(distribution, lading)) {
    const values = { distribution: headerOf(distribution, name), lading: headerOf(lading, name) }
    if (values.distribution !== values.lading) found.push({ aspect: name, ...values })
  }
  if (lading.status < 300 && request.method === 'GET') {
    const bodies = { distribution: bodyOf(distribution), lading: bodyOf(lading) }
    if (bodies.distribution !== bodies.lading) found.push({ aspect: 'body', ...bodies })
  }
  return found
}

function headersThatCount(distribution: Answer, lading: Answer): readonly string[] {
  const { status } = lading
  if (status === 301) return ['location']
  if (status === 416) return ['location', 'range', 'content-range']
  // Of an error told in another way, its type and length follow from that.
  if (outcomeOf(distribution) !== outcomeOf(lading)) return ['location', 'allow', 'www-authenticate']
  if (status >= 400) return headersOfAll
  // A list may be written with other white space, and the border of parts has any length.
  const isMeasured = listIn(lading) === undefined && !isMultipart(lading)
  return [...headersOfAll, ...headersOfSuccess, ...(isMeasured ? ['content-length'] : [])]
}

/** `404 MANIFEST_UNKNOWN`; each code once. */
export function outcomeOf({ status, body, headers }: Answer): string {
  if (status === 0) return `cut (${body.toString()})`
  const codes = [...new Set(errorCodes(body))]
  const isText = status >= 400 && codes.length === 0 && (headers['content-type'] ?? '').startsWith('text/plain')
  return [status, ...codes, ...(isText ? ['text'] : [])].join(' ')
}

/** Without what is each registry's own: ids and signed states, and the border of parts. */
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
  if (isMultipart(answer)) return partsOf(answer)
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

function isMultipart({ headers }: Answer): boolean {
  return (headers['content-type'] ?? '').startsWith('multipart/')
}

/** Each part with its headers in alphabetical order. */
function partsOf({ headers, body }: Answer): string {
  const border = /boundary=(.*)/.exec(headers['content-type'] ?? '')?.[1] ?? ''
  const parts = body
    .toString('latin1')
    .split(`--${border}`)
    .map((part) => {
      const [head = '', ...content] = part.split('\r\n\r\n')
      return [head.trim().split('\r\n').sort().join('; '), ...content].join(' ')
    })
  return JSON.stringify(parts.filter((part) => part.trim() !== ''))
}
