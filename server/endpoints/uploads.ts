// Uploads: spec, Pushing blobs, Cancel a blob upload, Mounting a blob from another repository.
import type { Context } from 'koa'
import { digestOf, parseAlgorithm, parseDigest, type Digest } from '../../registry/digest.ts'
import { RegistryError } from '../../registry/errors.ts'
import { parseRepositoryName, type RepositoryName, type UploadId } from '../../registry/names.ts'
import type { UploadBody } from '../../registry/counted-body.ts'
import type { Uploads } from '../../registry/uploads.ts'
import { versionParameter, type Addresses } from '../addresses.ts'
import { answerEmpty } from '../empty-answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { announcedLength, bodyChunks, hasBody, queryOf, singleParameter } from '../request.ts'
import { parseContentRange, uploadedRange } from '../wire/content-range.ts'

interface UploadPosition {
  repository: RepositoryName
  id: UploadId
  /** In bytes. */
  size: number
  version: string | undefined
}

/** POST /v2/<name>/blobs/uploads/: a mount, a whole blob, or the beginning of an upload. */
export function startUpload(uploads: Uploads, addresses: Addresses): Endpoint<'uploads'> {
  return async (ctx, { repository }) => {
    const query = queryOf(ctx)
    const mount = singleParameter(query, 'mount')
    if (mount !== undefined && (await mounted(repository, parseDigest(mount), singleParameter(query, 'from')))) {
      return created(ctx, addresses, repository, parseDigest(mount))
    }

    const digest = singleParameter(query, 'digest')
    if (digest !== undefined && mount === undefined) {
      const parsed = parseDigest(digest)
      if (hasBody(ctx) || parsed === digestOf(new Uint8Array())) {
        await uploads.push(repository, parsed, bodyOf(ctx))
        return created(ctx, addresses, repository, parsed)
      }
    }

    // spec, Mounting: "if a registry … is unable to mount the requested blob, it SHOULD return a `202`".
    const algorithm = parseAlgorithm(singleParameter(query, 'digest-algorithm') ?? 'sha256')
    const id = await uploads.start(repository, algorithm)
    answerEmpty(ctx, 202)
    describe(ctx, addresses, { repository, id, size: 0, version: uploads.versionOf(id) })
  }

  function mounted(repository: RepositoryName, digest: Digest, from: string | undefined): Promise<boolean> {
    return uploads.mount(repository, digest, from === undefined ? undefined : parseRepositoryName(from))
  }
}

/** GET and HEAD <location>: how far the upload is. */
export function uploadStatus(uploads: Uploads, addresses: Addresses): Endpoint<'upload'> {
  return async (ctx, { repository, id }) => {
    const size = await uploads.size(repository, id)
    answerEmpty(ctx, 204)
    describe(ctx, addresses, { repository, id, size, version: uploads.versionOf(id) })
  }
}

/** PATCH <location>: the next chunk, or all of the blob as one stream. */
export function appendToUpload(uploads: Uploads, addresses: Addresses): Endpoint<'upload'> {
  return async (ctx, { repository, id }) => {
    const size = await uploads.append(repository, id, { ...bodyOf(ctx), ...versionIn(ctx) })
    answerEmpty(ctx, 202)
    describe(ctx, addresses, { repository, id, size, version: uploads.versionOf(id) })
  }
}

/** PUT <location>?digest=<digest>: the end of an upload, with the last chunk or all of the blob as its body. */
export function finishUpload(uploads: Uploads, addresses: Addresses): Endpoint<'upload'> {
  return async (ctx, { repository, id }) => {
    const text = singleParameter(queryOf(ctx), 'digest')
    if (text === undefined) {
      throw new RegistryError('DIGEST_INVALID', { message: 'the digest of the whole blob is missing: add ?digest=' })
    }
    const digest = parseDigest(text)
    await uploads.finish(repository, id, digest, { ...(hasBody(ctx) ? bodyOf(ctx) : {}), ...versionIn(ctx) })
    created(ctx, addresses, repository, digest)
  }
}

/** DELETE <location>. */
export function cancelUpload(uploads: Uploads): Endpoint<'upload'> {
  return async (ctx, { repository, id }) => {
    await uploads.cancel(repository, id)
    answerEmpty(ctx, 204)
  }
}

function bodyOf(ctx: Context): UploadBody {
  const announced = announcedLength(ctx)
  const range = parseContentRange(ctx.get('content-range'), announced)
  const length = range?.length ?? announced
  return {
    chunks: { [Symbol.asyncIterator]: () => bodyChunks(ctx)[Symbol.asyncIterator]() },
    ...(range === undefined ? {} : { start: range.start }),
    ...(length === undefined ? {} : { length }),
  }
}

/** What the client's last answer said, in the address that it came back to. */
function versionIn(ctx: Context): { version?: string } {
  const version = queryOf(ctx).get(versionParameter)
  return version === null ? {} : { version }
}

function describe(ctx: Context, addresses: Addresses, position: UploadPosition): void {
  ctx.set({
    Location: addresses.upload(ctx.req, position),
    Range: uploadedRange(position.size),
    'Docker-Upload-UUID': position.id,
  })
}

function created(ctx: Context, addresses: Addresses, repository: RepositoryName, digest: Digest): void {
  answerEmpty(ctx, 201)
  ctx.set({
    Location: addresses.blob(ctx.req, repository, digest),
    'Docker-Content-Digest': digest,
  })
}
