// What lies at a key, as far as a copy has to treat it differently: told by building the keys that it could be.
import { digestIn, type Digest } from '../digest.ts'
import {
  allReferrersPrefix,
  blobKey,
  blobsPrefix,
  currentLink,
  digestInKey,
  layerLinkKey,
  mediaTypesPrefix,
  replicasPrefix,
  repositoriesPrefix,
  revisionLinkKey,
  tagsPrefix,
} from '../layout.ts'
import { repositoryNameIn, tagIn, type RepositoryName, type Tag } from '../names.ts'

export type Kind =
  | { is: 'blob'; digest: Digest }
  | { is: 'layer' | 'revision'; repository: RepositoryName; digest: Digest }
  | { is: 'tag'; repository: RepositoryName; tag: Tag }
  /** Small, and means nothing by itself: a tag's history, a referrers entry, a media type. */
  | { is: 'value' }
  /** Of any size: what other versions and other registries may keep beside our content. */
  | { is: 'other' }
  /** Belongs to a process and not to the content: uploads in progress, the beats of replicas, temporary and hidden files. */
  | { is: 'passing' }

/** Where the S3 driver finds out what a store can do. */
const probesPrefix = 'lading/probes/'
const hidden = /(?:^|\/)\./

export function kindOf(key: string): Kind {
  if (hidden.test(key) || key.startsWith(replicasPrefix) || key.startsWith(probesPrefix)) return { is: 'passing' }
  if (key.startsWith(blobsPrefix)) return blobAt(key) ?? { is: 'other' }
  if (key.startsWith(repositoriesPrefix)) return kindInRepository(key)
  return { is: 'other' }
}

function blobAt(key: string): Kind | undefined {
  const [algorithm, , hex] = key.slice(blobsPrefix.length).split('/')
  const digest = digestIn(`${algorithm}:${hex}`)
  return digest !== undefined && blobKey(digest) === key ? { is: 'blob', digest } : undefined
}

function kindInRepository(key: string): Kind {
  // Folders of the layout begin with `_`, which no part of a name does.
  const end = key.indexOf('/_', repositoriesPrefix.length)
  if (key.startsWith('/_uploads/', end)) return { is: 'passing' }
  const repository = repositoryNameIn(key.slice(repositoriesPrefix.length, Math.max(end, 0)))
  if (repository === undefined) return { is: 'other' }

  const digest = digestInKey(key)
  if (digest !== undefined && key === layerLinkKey(repository, digest)) return { is: 'layer', repository, digest }
  if (digest !== undefined && key === revisionLinkKey(repository, digest)) return { is: 'revision', repository, digest }
  const tag = tagAt(key, tagsPrefix(repository))
  if (tag !== undefined) return { is: 'tag', repository, tag }
  const isSmall =
    key.endsWith('/link') ||
    key.startsWith(allReferrersPrefix(repository)) ||
    key.startsWith(mediaTypesPrefix(repository))
  return { is: isSmall ? 'value' : 'other' }
}

function tagAt(key: string, prefix: string): Tag | undefined {
  const suffix = `/${currentLink}`
  return key.startsWith(prefix) && key.endsWith(suffix) ? tagIn(key.slice(prefix.length, -suffix.length)) : undefined
}
