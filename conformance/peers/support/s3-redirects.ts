/** Content that a registry may send its clients to the store for: where it sent them, and what they got there. */
import assert from 'node:assert/strict'
import { ask } from './ask.ts'
import type { OpenUpload } from './uploads.ts'

interface Delivered {
  /** The address at the store without its signature; undefined when the registry answered itself. */
  readonly address: string | undefined
  /** Of whoever had the bytes. */
  readonly status: number
  readonly contentRange: string | null | undefined
  readonly body: Buffer
}

/** All of a blob and a range of it come from `address`, or from the registry itself where it is undefined. */
export async function assertDelivers(
  url: string,
  { repository, digest, bytes }: OpenUpload,
  address: string | undefined,
): Promise<void> {
  const path = `/v2/${repository}/blobs/${digest}`
  const all = await deliver(url, path)
  assert.deepEqual([all.address, all.status], [address, 200])
  assert.ok(all.body.equals(bytes), `the bytes of ${digest}`)

  const some = await deliver(url, path, { Range: 'bytes=10-59' })
  assert.deepEqual([some.address, some.status, some.contentRange], [address, 206, `bytes 10-59/${bytes.length}`])
  assert.ok(some.body.equals(bytes.subarray(10, 60)), `some bytes of ${digest}`)
}

/** GET as clients do it: followed once, with the same headers. */
async function deliver(url: string, path: string, headers: Record<string, string> = {}): Promise<Delivered> {
  const answer = await ask(url, { method: 'GET', path, headers })
  const { location, 'content-range': contentRange } = answer.headers
  if (location === undefined) return { address: undefined, status: answer.status, contentRange, body: answer.body }

  assert.equal(answer.status, 307, `GET ${path}`)
  const { origin, pathname, searchParams } = new URL(location)
  assert.ok(searchParams.has('X-Amz-Signature'), `a signed address: ${location}`)
  const delivered = await fetch(location, { headers })
  return {
    address: origin + pathname,
    status: delivered.status,
    contentRange: delivered.headers.get('content-range'),
    body: Buffer.from(await delivered.arrayBuffer()),
  }
}
