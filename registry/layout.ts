// The only file that knows storage keys: CNCF distribution's layout, and what we add to it under names that it does not look at.
import { algorithmOf, digestIn, hexOf, isAlgorithm, type Digest } from './digest.ts'
import type { RepositoryName, Tag, UploadId } from './names.ts'
import type { StagingKeys } from '../storage-drivers/driver.ts'

const root = 'docker/registry/v2'

export const blobsPrefix = `${root}/blobs/`
export const repositoriesPrefix = `${root}/repositories/`

export function blobKey(digest: Digest): string {
  const hex = hexOf(digest)
  return `${blobsPrefix}${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}/data`
}

export function repositoryPrefix(repository: RepositoryName): string {
  return `${repositoriesPrefix}${repository}/`
}

/** Grants the repository access to the blob. */
export function layerLinkKey(repository: RepositoryName, digest: Digest): string {
  return `${layersPrefix(repository)}${pathOf(digest)}/link`
}

export function layersPrefix(repository: RepositoryName): string {
  return `${repositoryPrefix(repository)}_layers/`
}

export function manifestsPrefix(repository: RepositoryName): string {
  return `${repositoryPrefix(repository)}_manifests/`
}

export function revisionsPrefix(repository: RepositoryName): string {
  return `${manifestsPrefix(repository)}revisions/`
}

/** Exists when the manifest is in the repository. */
export function revisionLinkKey(repository: RepositoryName, digest: Digest): string {
  return `${revisionsPrefix(repository)}${pathOf(digest)}/link`
}

export function tagsPrefix(repository: RepositoryName): string {
  return `${manifestsPrefix(repository)}tags/`
}

export function tagPrefix(repository: RepositoryName, tag: Tag): string {
  return `${tagsPrefix(repository)}${tag}/`
}

/** Below a tag's prefix: the link to what it points at. */
export const currentLink = 'current/link'

export function currentLinkKey(repository: RepositoryName, tag: Tag): string {
  return tagPrefix(repository, tag) + currentLink
}

/** Below a tag's prefix: there is one for every manifest that the tag ever pointed at. */
export function indexLink(digest: Digest): string {
  return `index/${pathOf(digest)}/link`
}

export function uploadsPrefix(repository: RepositoryName): string {
  return `${repositoryPrefix(repository)}_uploads/`
}

export function uploadPrefix(repository: RepositoryName, id: UploadId): string {
  return `${uploadsPrefix(repository)}${id}/`
}

/** Where the parts of an upload are kept. */
export function uploadKeys(repository: RepositoryName, id: UploadId): StagingKeys {
  const prefix = uploadPrefix(repository, id)
  return {
    // Begins the upload's life: one without it is unknown.
    begun: `${prefix}startedat`,
    data: `${prefix}data`,
    // Ours: how far the upload is and the digest of its bytes so far, so that any process can finish it.
    note: `${prefix}lading-state`,
  }
}

/** Ours: one object per manifest that names `subject`, holding its descriptor. */
export function referrersPrefix(repository: RepositoryName, subject: Digest): string {
  return `${allReferrersPrefix(repository)}${pathOf(subject)}/`
}

export function allReferrersPrefix(repository: RepositoryName): string {
  return `${repositoryPrefix(repository)}_referrers/`
}

export function referrerKey(repository: RepositoryName, subject: Digest, referrer: Digest): string {
  return `${referrersPrefix(repository, subject)}${pathOf(referrer)}`
}

/** Ours: the media type of a manifest whose bytes do not tell it. */
export function mediaTypeKey(repository: RepositoryName, digest: Digest): string {
  return `${mediaTypesPrefix(repository)}${pathOf(digest)}`
}

export function mediaTypesPrefix(repository: RepositoryName): string {
  return `${repositoryPrefix(repository)}_mediatypes/`
}

/** Ours, beside the layout: the replicas that live, where they have to know of each other. */
export const replicasPrefix = 'lading/replicas/'

export function replicaKey(id: string): string {
  return replicasPrefix + id
}

/** `sha256/<hex>`, as digests appear in keys. */
function pathOf(digest: Digest): string {
  return `${algorithmOf(digest)}/${hexOf(digest)}`
}

/** The digest in the segments `…/<algorithm>/<hex>` at the end of a key (behind it at most `/link`), or undefined. */
export function digestInKey(key: string): Digest | undefined {
  const segments = (key.endsWith('/link') ? key.slice(0, -5) : key).split('/')
  const [algorithm, hex] = segments.slice(-2)
  if (algorithm === undefined || hex === undefined || !isAlgorithm(algorithm)) return undefined
  return digestIn(`${algorithm}:${hex}`)
}

/** The last segment of a folded list entry, without its slash. */
export function lastSegment(entry: string): string {
  const end = entry.endsWith('/') ? entry.length - 1 : entry.length
  return entry.slice(entry.lastIndexOf('/', end - 1) + 1, end)
}
