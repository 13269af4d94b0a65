// Blobs: spec, Pulling blobs, Deleting Blobs.
import type { Blobs } from '../../registry/blobs.ts'
import type { ContentSource } from '../../registry/content-source.ts'
import { RegistryError } from '../../registry/errors.ts'
import { answerEmpty } from '../empty-answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { answersNotModified } from '../preconditions.ts'
import { sendBlob } from '../send-blob.ts'
import { entityTag } from '../wire/entity-tag.ts'

/** GET and HEAD /v2/<name>/blobs/<digest>. HEAD opens nothing. */
export function pullBlob(content: ContentSource): Endpoint<'blob'> {
  return async (ctx, { repository, digest }) => {
    const blob = await content.blob(repository, digest)
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { name: repository, digest } })

    ctx.set({
      'Content-Type': 'application/octet-stream',
      'Docker-Content-Digest': digest,
      ETag: entityTag(digest),
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'max-age=31536000, immutable',
    })
    if (answersNotModified(ctx, digest)) return
    await sendBlob(ctx, blob)
  }
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
