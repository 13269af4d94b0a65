// The conditions of a pull (RFC 9110, section 13.2.2). Content has no dates here, so those that name one are ignored, as they must be.
import type { Context } from 'koa'
import type { Digest } from '../registry/digest.ts'
import { RegistryError } from '../registry/errors.ts'
import { meetsIfMatch, namesDigest } from './wire/entity-tag.ts'

/** Whether the answer is 304, which is then given. Throws PRECONDITION_FAILED when the client wants other content or none. */
export function answersNotModified(ctx: Context, digest: Digest): boolean {
  if (!meetsIfMatch(ctx.get('if-match'), digest)) {
    throw new RegistryError('PRECONDITION_FAILED', {
      message: 'the content is not what If-Match expects',
      detail: { digest },
    })
  }
  if (!namesDigest(ctx.get('if-none-match'), digest)) return false
  ctx.status = 304
  return true
}
