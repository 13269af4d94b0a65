/** An upload in steps, so that each may go to another registry. */
import assert from 'node:assert/strict'
import { digestOf } from '../../../testing/digest-of.ts'
import { generatedBytes } from '../../clients/support/generated-bytes.ts'
import { ask } from './ask.ts'

export interface OpenUpload {
  readonly repository: string
  readonly bytes: Buffer
  readonly digest: string
  /** The latest Location: path and query. */
  location: string
  /** How many bytes were accepted. */
  sent: number
}

export async function beginUpload(url: string, repository: string, seed: string, size = 100_000): Promise<OpenUpload> {
  const bytes = generatedBytes(seed, size)
  const answer = await ask(url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  assert.equal(answer.status, 202)
  return { repository, bytes, digest: digestOf(bytes), location: pathOf(answer.headers.location), sent: 0 }
}

export async function sendChunk(url: string, upload: OpenUpload, size: number): Promise<void> {
  const body = upload.bytes.subarray(upload.sent, upload.sent + size)
  const headers = { 'Content-Range': `${upload.sent}-${upload.sent + body.length - 1}` }
  const answer = await ask(url, { method: 'PATCH', path: upload.location, headers, body })
  assert.equal(answer.status, 202, `PATCH ${upload.location}: ${answer.body.toString()}`)
  upload.sent += body.length
  assert.equal(answer.headers.range, `0-${upload.sent - 1}`)
  upload.location = pathOf(answer.headers.location)
}

/** GET of the location, for a client that lost the last answer without its query: it knows an older one at most. */
export async function askStatus(url: string, upload: OpenUpload, isLost: boolean): Promise<void> {
  const path = isLost ? (upload.location.split('?')[0] as string) : upload.location
  const answer = await ask(url, { method: 'GET', path })
  assert.equal(answer.status, 204, `GET ${upload.location}: ${answer.body.toString()}`)
  assert.equal(answer.headers.range, `0-${Math.max(0, upload.sent - 1)}`)
  upload.location = pathOf(answer.headers.location)
}

/** PUT with the bytes that are left, if any. */
export async function finishUpload(url: string, upload: OpenUpload): Promise<void> {
  const { location, digest, bytes, sent } = upload
  const path = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
  const answer = await ask(url, { method: 'PUT', path, body: bytes.subarray(sent) })
  assert.equal(answer.status, 201, `PUT ${path}: ${answer.body.toString()}`)
}

export async function assertPulls(url: string, { repository, bytes, digest }: OpenUpload): Promise<void> {
  const answer = await ask(url, { method: 'GET', path: `/v2/${repository}/blobs/${digest}` })
  assert.equal(answer.status, 200, `GET ${digest}`)
  assert.ok(answer.body.equals(bytes), `the bytes of ${digest}`)
}

function pathOf(location = ''): string {
  const { pathname, search } = new URL(location, 'http://relative')
  return pathname + search
}
