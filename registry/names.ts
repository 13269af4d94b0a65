// Repository names, tags, references and upload ids: parsed once at the edge, and then known by their type.
import { digestIn, parseDigest, type Digest } from './digest.ts'
import { RegistryError } from './errors.ts'

export type RepositoryName = string & { readonly brand: 'RepositoryName' }
export type Tag = string & { readonly brand: 'Tag' }
export type UploadId = string & { readonly brand: 'UploadId' }
/** What a manifest is asked for by. */
export type Reference = Tag | Digest

/** CNCF distribution's limit, which clients share. */
const maxNameLength = 255

// spec, Pulling manifests: "<name> MUST match the following regular expression".
const nameComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
// spec, Pulling manifests: "<tag-or-digest> as a tag MUST be at most 128 characters in length and MUST match".
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/
// Ids of CNCF distribution are UUIDs; what begins with a dot could name a folder.
const uploadIdPattern = /^[a-zA-Z0-9_][a-zA-Z0-9_.=-]{0,127}$/

/** Throws NAME_INVALID. */
export function parseRepositoryName(text: string): RepositoryName {
  const name = repositoryNameIn(text)
  if (name !== undefined) return name
  throw new RegistryError('NAME_INVALID', {
    message:
      text.length > maxNameLength
        ? `repository names are at most ${maxNameLength} characters long`
        : 'repository names are lower-case letters and digits, separated by one of . _ __ - within a component and / between components',
    detail: { name: text.slice(0, maxNameLength) },
  })
}

/** The name in a text that may be none, such as a folder's path. */
export function repositoryNameIn(text: string): RepositoryName | undefined {
  // Component by component: one expression for all of them backtracks exponentially on hostile names.
  if (text.length > maxNameLength || !text.split('/').every((component) => nameComponent.test(component)))
    return undefined
  return text as RepositoryName
}

/** Throws TAG_INVALID. */
export function parseTag(text: string): Tag {
  const tag = tagIn(text)
  if (tag !== undefined) return tag
  throw new RegistryError('TAG_INVALID', {
    message: 'tags are at most 128 letters, digits, _ . - and begin with a letter, digit or _',
    detail: { tag: text.slice(0, 200) },
  })
}

/** The tag in a text that may be none, such as a folder's name. */
export function tagIn(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined
}

/** A tag, or a digest where there is a colon. Throws TAG_INVALID or DIGEST_INVALID. */
export function parseReference(text: string): Reference {
  return text.includes(':') ? parseDigest(text) : parseTag(text)
}

export function isDigest(reference: Reference): reference is Digest {
  return digestIn(reference) !== undefined
}

/** Throws BLOB_UPLOAD_UNKNOWN: an id that cannot be one of ours is one that we do not know. */
export function parseUploadId(text: string): UploadId {
  if (!uploadIdPattern.test(text)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN')
  return text as UploadId
}
