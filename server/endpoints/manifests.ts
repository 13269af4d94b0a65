// Manifests: spec, Pulling manifests, Pushing Manifests, Deleting tags, Deleting Manifests.
import type { Context } from 'koa'
import type { ContentSource, StoredManifest } from '../../registry/content-source.ts'
import { RegistryError } from '../../registry/errors.ts'
import type { Manifests } from '../../registry/manifests.ts'
import { isDigest, parseReference, parseTag, tagIn, type Reference, type RepositoryName } from '../../registry/names.ts'
import type { Addresses } from '../addresses.ts'
import { answerEmpty } from '../empty-answer.ts'
import type { Endpoint } from '../endpoint.ts'
import { answersNotModified } from '../preconditions.ts'
import { queryOf, readBody } from '../request.ts'
import { entityTag, writeCondition } from '../wire/entity-tag.ts'

const maxTagsPerPush = 100
const immutable = 'max-age=31536000, immutable'

/** GET and HEAD /v2/<name>/manifests/<tag-or-digest>. What was stored is served, whatever Accept says: clients only gain. */
export function pullManifest(content: ContentSource): Endpoint<'manifest'> {
  return async (ctx, { repository, reference }) => {
    const parsed = storableReference(reference)
    const manifest = parsed && (await content.manifest(repository, parsed))
    if (manifest === undefined) throw unknownManifest(repository, reference)

    describe(ctx, manifest)
    if (parsed !== undefined && isDigest(parsed)) ctx.set('Cache-Control', immutable)
    if (answersNotModified(ctx, manifest.digest)) return
    ctx.status = 200
    if (ctx.method === 'HEAD') ctx.length = manifest.bytes.length
    else ctx.body = manifest.bytes
  }
}

function describe(ctx: Context, { mediaType, digest }: StoredManifest): void {
  // spec, Pulling manifests: "A successful response MUST contain the digest of the uploaded blob in the header `Docker-Content-Digest`."
  ctx.set({ 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: entityTag(digest) })
}

export interface PushOptions {
  /** spec, Pushing Manifests: "A registry SHOULD enforce some limit on the maximum manifest size". In bytes. */
  maxManifestBytes: number
  addresses: Addresses
}

/** PUT /v2/<name>/manifests/<tag-or-digest>. */
export function pushManifest(manifests: Manifests, { maxManifestBytes, addresses }: PushOptions): Endpoint<'manifest'> {
  return async (ctx, { repository, reference }) => {
    const parsed = parseReference(reference)
    const tags = isDigest(parsed) ? tagParameters(ctx) : [parsed]
    const condition = writeCondition(ctx.get('if-match'), ctx.get('if-none-match'))
    const bytes = await readBody(ctx, maxManifestBytes, () => manifestTooLarge(maxManifestBytes))

    const { digest, subject } = await manifests.put(repository, {
      bytes,
      contentType: ctx.req.headers['content-type'],
      tags,
      ...(isDigest(parsed) ? { digest: parsed } : {}),
      ...(condition === undefined ? {} : { condition }),
    })

    answerEmpty(ctx, 201)
    ctx.set({
      Location: addresses.manifest(ctx.req, repository, digest),
      'Docker-Content-Digest': digest,
    })
    // spec, Pushing Manifests with Subject: "MUST respond with the response header `OCI-Subject: <subject digest>`".
    if (subject !== undefined) ctx.set('OCI-Subject', subject)
    // spec, Pushing Manifests: "MUST include an `OCI-Tag` response header … for each accepted tag."
    if (isDigest(parsed) && tags.length > 0) ctx.set('OCI-Tag', tags)
  }
}

function tagParameters(ctx: Context): ReturnType<typeof parseTag>[] {
  const names = queryOf(ctx).getAll('tag')
  if (names.length > maxTagsPerPush) {
    throw new RegistryError('TAGS_TOO_MANY', { message: `at most ${maxTagsPerPush} tags can be pushed in one request` })
  }
  return [...new Set(names.map(parseTag))]
}

/** DELETE /v2/<name>/manifests/<tag-or-digest>. */
export function deleteManifest(manifests: Manifests): Endpoint<'manifest'> {
  return async (ctx, { repository, reference }) => {
    const parsed = storableReference(reference)
    if (parsed === undefined || !(await removed(repository, parsed))) throw unknownManifest(repository, reference)
    answerEmpty(ctx, 202)
  }

  function removed(repository: RepositoryName, reference: Reference): Promise<boolean> {
    return isDigest(reference) ? manifests.delete(repository, reference) : manifests.deleteTag(repository, reference)
  }
}

/** Undefined for a tag that no manifest can have: asking for it is asking for something that is not there. Throws DIGEST_INVALID. */
function storableReference(reference: string): Reference | undefined {
  return reference.includes(':') ? parseReference(reference) : tagIn(reference)
}

function unknownManifest(repository: RepositoryName, reference: string): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', { detail: { name: repository, reference: reference.slice(0, 200) } })
}

function manifestTooLarge(maxBytes: number): RegistryError {
  return new RegistryError('MANIFEST_TOO_LARGE', {
    message: `manifests are at most ${maxBytes} bytes long`,
    detail: { maxBytes },
  })
}
