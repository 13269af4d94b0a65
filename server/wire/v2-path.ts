// The paths of the specification ("Endpoints"): what is behind /v2/ as a typed target. Repository names may contain any of the words used here.
import { parseDigest, type Digest } from '../../registry/digest.ts'
import { RegistryError } from '../../registry/errors.ts'
import { parseRepositoryName, parseUploadId, type RepositoryName, type UploadId } from '../../registry/names.ts'

export interface Targets {
  base: object
  catalog: object
  tags: { repository: RepositoryName }
  /** Still a text: what it must look like depends on the method. */
  manifest: { repository: RepositoryName; reference: string }
  blob: { repository: RepositoryName; digest: Digest }
  uploads: { repository: RepositoryName }
  upload: { repository: RepositoryName; id: UploadId }
  referrers: { repository: RepositoryName; digest: Digest }
}

export type Resource = keyof Targets

/** One of the targets, with its name. */
export type Target = { [R in Resource]: { resource: R } & Targets[R] }[Resource]

/**
 * Parses what follows `/v2/` in a request's path, still percent-encoded. Undefined when no endpoint has this form.
 * Throws NAME_INVALID, DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN, REQUEST_INVALID.
 */
export function parseV2Path(rest: string): Target | undefined {
  if (rest === '') return { resource: 'base' }
  if (rest === '_catalog') return { resource: 'catalog' }

  const segments = rest.split('/')
  const last = segments.at(-1) as string
  const word = segments.at(-2)
  const wordBefore = segments.at(-3)
  const nameBefore = (count: number): RepositoryName => repositoryNameOf(segments.slice(0, -count))

  if (wordBefore === 'blobs' && word === 'uploads') {
    if (last === '') return { resource: 'uploads', repository: nameBefore(3) }
    return { resource: 'upload', repository: nameBefore(3), id: parseUploadId(decode(last)) }
  }
  if (word === 'tags' && last === 'list') return { resource: 'tags', repository: nameBefore(2) }
  if (word === 'manifests') return { resource: 'manifest', repository: nameBefore(2), reference: decode(last) }
  if (word === 'blobs' && last === 'uploads') return { resource: 'uploads', repository: nameBefore(2) }
  if (word === 'blobs') return { resource: 'blob', repository: nameBefore(2), digest: parseDigest(decode(last)) }
  if (word === 'referrers') {
    return { resource: 'referrers', repository: nameBefore(2), digest: parseDigest(decode(last)) }
  }
  return undefined
}

/** An encoded slash stays within its segment, where the name's grammar refuses it. */
function repositoryNameOf(segments: string[]): RepositoryName {
  const decoded = segments.map(decode)
  if (decoded.some((segment) => segment.includes('/'))) {
    throw new RegistryError('NAME_INVALID', { message: 'the slashes of a repository name are not percent-encoded' })
  }
  return parseRepositoryName(decoded.join('/'))
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new RegistryError('REQUEST_INVALID', { message: 'the path has a broken percent-encoding' })
  }
}
