// The shortest ways to put content into a running registry.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { digestOf } from './digest-of.ts'
import { exchange, type Answer, type ExchangeTarget } from './exchange.ts'
import { waitFor } from './wait-for.ts'

export function sha256(bytes: Uint8Array): string {
  return digestOf(bytes)
}

/** A name that no other test uses. */
export function newRepository(): string {
  return `tests/r${randomBytes(6).toString('hex')}`
}

/** Begins an upload; resolves to its address. */
export async function startUpload(target: ExchangeTarget, repository: string): Promise<string> {
  const answer = await exchange(target, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  assert.equal(answer.status, 202, answer.body.toString())
  return answer.headers.location as string
}

/** Resolves to the blob's digest. */
export async function pushBlob(target: ExchangeTarget, repository: string, bytes: Uint8Array): Promise<string> {
  const digest = sha256(bytes)
  const answer = await exchange(target, {
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/?digest=${digest}`,
    body: bytes,
  })
  assert.equal(answer.status, 201, answer.body.toString())
  return digest
}

export function patch(target: ExchangeTarget, location: string, body: Uint8Array): Promise<Answer> {
  return exchange(target, { method: 'PATCH', path: location, body })
}

/** How many bytes of an upload the server has. */
export async function offsetOf(target: ExchangeTarget, location: string): Promise<number> {
  const { status, headers } = await exchange(target, { path: location })
  assert.equal(status, 204)
  // Without a byte it is 0-0 too; no test sends exactly one.
  return headers.range === '0-0' ? 0 : Number(headers.range?.split('-')[1]) + 1
}

/**
 * Sends what is missing of `bytes`, as a client does that was cut off; resolves to the offset that it went on at. The request that was cut may
 * still be storing its last bytes: then the offset is not what it was said to be, and is asked for again.
 */
export async function resumeUpload(target: ExchangeTarget, location: string, bytes: Uint8Array): Promise<number> {
  return waitFor(async () => {
    const offset = await offsetOf(target, location)
    const headers = { 'Content-Range': `${offset}-${bytes.length - 1}` }
    const answer = await exchange(target, { method: 'PATCH', path: location, headers, body: bytes.subarray(offset) })
    if (answer.status === 416 || answer.status === 409) return undefined
    assert.equal(answer.status, 202, answer.body.toString())
    return offset
  })
}

export function finish(target: ExchangeTarget, location: string, digest: string): Promise<Answer> {
  return exchange(target, { method: 'PUT', path: `${location}${location.includes('?') ? '&' : '?'}digest=${digest}` })
}

export function getBlob(target: ExchangeTarget, repository: string, digest: string): Promise<Answer> {
  return exchange(target, { path: `/v2/${repository}/blobs/${digest}` })
}

/** The smallest manifest: an index of nothing. */
export const emptyIndex = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [],
})

export function putManifest(target: ExchangeTarget, repository: string, reference: string): Promise<Answer> {
  return exchange(target, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
    body: emptyIndex,
  })
}
