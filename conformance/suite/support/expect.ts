/** What the tests say of answers, with messages that show the answer. */
import assert from 'node:assert/strict'

import type { Answer } from './client.ts'

/** The codes of the specification's table. */
export const errorCodes = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
] as const

export interface ErrorEntry {
  readonly code: string
  readonly message?: string
  readonly detail?: unknown
}

export function assertStatus(answer: Answer, ...permitted: readonly number[]): void {
  if (!permitted.includes(answer.status)) assert.fail(`expected ${permitted.join(' or ')}, got ${shown(answer)}`)
}

/** A refusal for which the client is to blame: nothing accepted, nothing broken. */
export function assertRefused(answer: Answer): void {
  if (answer.status < 400 || answer.status > 499) assert.fail(`expected a 4XX status, got ${shown(answer)}`)
}

export function assertDigest(answer: Answer, digest: string): void {
  assert.equal(answer.header('docker-content-digest'), digest, `Docker-Content-Digest of ${shown(answer)}`)
}

export function assertBody(answer: Answer, bytes: Uint8Array): void {
  if (!answer.body.equals(bytes))
    assert.fail(`expected ${bytes.length} exact bytes, got ${answer.body.length} in ${shown(answer)}`)
}

export function requiredHeader(answer: Answer, name: string): string {
  const value = answer.header(name)
  if (value === undefined || value === '') assert.fail(`the header ${name} is missing in ${shown(answer)}`)
  return value
}

/** The entries of an error body, which must be in the specification's format. */
export function errorsOf(answer: Answer): readonly ErrorEntry[] {
  const body = jsonOf(answer)
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) {
    assert.fail(`no {"errors": […]} in ${shown(answer)}`)
  }
  const entries = body.errors as ErrorEntry[]
  assert.ok(entries.length > 0, `"errors" is empty in ${shown(answer)}`)
  for (const { code, message } of entries) {
    assert.match(code, /^[A-Z_]+$/, `a code of ${shown(answer)}`)
    assert.ok(message === undefined || typeof message === 'string', `"message" is no string in ${shown(answer)}`)
  }
  return entries
}

/** An error body whose every entry has the code, under the status. */
export function assertError(answer: Answer, status: number, code: string): void {
  assertStatus(answer, status)
  const codes = [...new Set(errorsOf(answer).map((entry) => entry.code))]
  assert.deepEqual(codes, [code], `the codes of ${shown(answer)}`)
}

export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8')) as unknown
  } catch (cause) {
    throw new Error(`no JSON in ${shown(answer)}`, { cause })
  }
}

export function shown(answer: Answer): string {
  const body = answer.body.subarray(0, 300).toString('utf8')
  return `${answer.status} from ${answer.method} ${answer.url.slice(0, 300)} ${JSON.stringify(body)}`
}
