// Blobs: spec, Pulling blobs, Deleting Blobs.
import type { Context } from 'koa'
import type { Blobs } from '../../registry/blobs.ts'
import type { Blob, ContentSource } from '../../registry/content-source.ts'
import { RegistryError } from '../../registry/errors.ts'
import type { Addresses } from '../addresses.ts'
import { answerEmpty } from '../empty-answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { answersNotModified } from '../preconditions.ts'
import { sendBlob } from '../send-blob.ts'
import { entityTag } from '../wire/entity-tag.ts'

/** Without these headers, a GET ends in all of the bytes. */
const wholeBody = ['range', 'if-none-match', 'if-match']
/** Smaller ones are sent sooner than a client finds its way elsewhere. In bytes. */
const leastRedirectedBytes = 16 * 1024

/** GET and HEAD /v2/<name>/blobs/<digest>. HEAD opens nothing. With `redirects`, clients are sent to the storage where it has an address for them. */
export function pullBlob(
  content: ContentSource,
  addresses: Addresses,
  { redirects }: { redirects: boolean },
): Endpoint<'blob'> {
  return async (ctx, { repository, digest }) => {
    const isToBeRead = !redirects && ctx.method === 'GET' && wholeBody.every((name) => ctx.get(name) === '')
    const blob = await content.blob(repository, digest, { isToBeRead })
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { name: repository, digest } })

    ctx.set({
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      ETag: entityTag(digest),
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'max-age=31536000, immutable',
    })
    if (answersNotModified(ctx, digest)) return
    if (redirects && (await answersElsewhere(ctx, blob, addresses))) return
    try {
      await sendBlob(ctx, blob)
    } finally {
      blob.close?.()
    }
  }
}

/** Where the storage itself can be asked for the bytes. It knows nothing of several ranges at once. */
async function answersElsewhere(ctx: Context, blob: Blob, addresses: Addresses): Promise<boolean> {
  if (ctx.method !== 'GET' || blob.downloadUrl === undefined || blob.size < leastRedirectedBytes) return false
  if (ctx.get('range').includes(',')) return false
  const address = await blob.downloadUrl({ address: addresses.client(ctx.req) })
  if (address === undefined) return false
  answerEmpty(ctx, 307)
  ctx.set('Location', address)
  // The address is good for a while only, and not the same twice.
  ctx.set('Cache-Control', 'no-store')
  for (const name of ['Accept-Ranges', 'Content-Type']) ctx.remove(name)
  return true
}

/** DELETE /v2/<name>/blobs/<digest>. */
export function deleteBlob(blobs: Blobs): Endpoint<'blob'> {
  return async (ctx, { repository, digest }) => {
    if (!(await blobs.unlink(repository, digest))) {
      throw new RegistryError('BLOB_UNKNOWN', { detail: { name: repository, digest } })
    }
    answerEmpty(ctx, 202)
  }
}
