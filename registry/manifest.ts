// From a manifest's bytes to what the registry has to know of it: media type, what it references, its subject. The bytes themselves are never changed.
import { digestIn, type Digest } from './digest.ts'
import { RegistryError } from './errors.ts'
import { jsonObjectIn, parseJsonObject, type JsonObject } from './strict-json.ts'

export const ociManifestType = 'application/vnd.oci.image.manifest.v1+json'
export const ociIndexType = 'application/vnd.oci.image.index.v1+json'
const ociArtifactType = 'application/vnd.oci.artifact.manifest.v1+json'
const dockerManifestType = 'application/vnd.docker.distribution.manifest.v2+json'
const dockerListType = 'application/vnd.docker.distribution.manifest.list.v2+json'
const schema1Type = 'application/vnd.docker.distribution.manifest.v1+json'
const signedSchema1Type = 'application/vnd.docker.distribution.manifest.v1+prettyjws'

const imageTypes = new Set([ociManifestType, dockerManifestType, ociArtifactType])
const indexTypes = new Set([ociIndexType, dockerListType])

// type "/" subtype of RFC 9110, section 8.3.1
const mediaTypePattern = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/i

/** image-spec, descriptor.md. */
export interface Descriptor {
  mediaType: string
  digest: Digest
  size: number
  urls: readonly string[]
  platform: { os: string; architecture: string } | undefined
}

export interface Manifest {
  mediaType: string
  /** The media type that the bytes alone tell: where it differs, the registry has to write down the other. */
  inferredMediaType: string
  /** Then the registry need not look whether another is written down. */
  namesItsMediaType: boolean
  /** Config, layers and blobs: content that is stored as blobs. */
  blobs: readonly Descriptor[]
  /** The manifests of an index (BuildKit's cache lists blobs there). */
  children: readonly Descriptor[]
  subject: Digest | undefined
  /** As a referrers list shows it: the config's media type stands in for an image manifest without one. */
  artifactType: string | undefined
  annotations: Record<string, string> | undefined
}

/** Parses what a client pushes. `contentType` is the request's header, if any. Throws MANIFEST_INVALID. */
export function parsePushedManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const document = parseJsonObject(bytes)
  const declared = contentType === undefined ? undefined : mediaTypeOfHeader(contentType)
  const own = typeof document.mediaType === 'string' ? document.mediaType : undefined
  const mediaType = declared ?? own
  if (mediaType === undefined) {
    throw invalid('the media type is missing: send it as Content-Type, and as mediaType in the manifest')
  }
  // spec, Pushing Manifests: "If a manifest includes a `mediaType` field, clients MUST set the `Content-Type` header to the value".
  if (own !== undefined && own !== mediaType) {
    throw invalid(`Content-Type is ${mediaType}, but the manifest's mediaType is ${own}: they must be the same`)
  }
  if (mediaType === schema1Type || mediaType === signedSchema1Type || document.schemaVersion === 1) {
    throw invalid('schema 1 manifests are no longer accepted: push with docker 1.10 or newer')
  }
  return manifestOf(document, mediaType, true)
}

/** Parses what is stored, whoever stored it: never throws on odd content, only on what is no JSON object. */
export function parseStoredManifest(bytes: Uint8Array, mediaType: string): Manifest {
  const document = jsonObjectIn(bytes)
  if (document === undefined) throw invalid('a manifest is a JSON object')
  return manifestOf(document, mediaType, false)
}

/** The media type that the bytes themselves tell, as CNCF distribution would find it. */
export function inferredMediaType(document: JsonObject): string {
  if (typeof document.mediaType === 'string') return document.mediaType
  if (document.schemaVersion === 1) return document.signatures === undefined ? schema1Type : signedSchema1Type
  return Array.isArray(document.manifests) ? ociIndexType : ociManifestType
}

function manifestOf(document: JsonObject, mediaType: string, strict: boolean): Manifest {
  const isImage = imageTypes.has(mediaType)
  const isIndex = indexTypes.has(mediaType)
  const known = strict && (isImage || isIndex)
  if (known) checkShape(document, mediaType)

  const config = descriptorIn(document, 'config', known)
  const blobs = [
    ...(config ? [config] : []),
    ...descriptorsIn(document, 'layers', known),
    ...descriptorsIn(document, 'blobs', known),
  ]
  const children = descriptorsIn(document, 'manifests', known)
  const artifactType = textIn(document, 'artifactType') ?? (isIndex ? undefined : config?.mediaType)
  return {
    mediaType,
    inferredMediaType: inferredMediaType(document),
    namesItsMediaType: typeof document.mediaType === 'string',
    blobs,
    children,
    subject: descriptorIn(document, 'subject', known)?.digest,
    artifactType,
    annotations: annotationsIn(document, known),
  }
}

function checkShape(document: JsonObject, mediaType: string): void {
  const { schemaVersion, config } = document
  // Drafts of image-spec 1.1 had artifact manifests, without a schemaVersion and with blobs in place of a config.
  const isArtifact = mediaType === ociArtifactType
  // CNCF distribution's garbage collector stops at a stored manifest with another schemaVersion or a mediaType that is no text.
  if (schemaVersion === undefined && !isArtifact) throw invalid('schemaVersion is missing: it must be 2')
  if (schemaVersion !== undefined && schemaVersion !== 2) throw invalid('schemaVersion must be 2')
  if (typeof (document.mediaType ?? '') !== 'string') throw invalid('mediaType must be a text')

  // What is half image and half index means one thing to one client and another thing to the next (CVE-2021-41190).
  if (indexTypes.has(mediaType)) {
    if (!Array.isArray(document.manifests)) throw invalid('an index has an array `manifests`')
    if (config !== undefined || document.layers !== undefined) {
      throw invalid('an index has neither `config` nor `layers`')
    }
  } else if (document.manifests !== undefined) {
    throw invalid('an image manifest has no `manifests`')
  } else if (!isArtifact && (config === undefined || config === null)) {
    throw invalid('an image manifest has a descriptor `config`')
  }
}

function descriptorsIn(document: JsonObject, field: string, strict: boolean): Descriptor[] {
  const list = document[field]
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) {
    if (strict) throw invalid(`\`${field}\` must be an array of descriptors`)
    return []
  }
  return list.flatMap((value: unknown, index) => descriptorOf(value, `${field}[${index}]`, strict) ?? [])
}

function descriptorIn(document: JsonObject, field: string, strict: boolean): Descriptor | undefined {
  const value = document[field]
  return value === undefined || value === null ? undefined : descriptorOf(value, field, strict)
}

function descriptorOf(value: unknown, where: string, strict: boolean): Descriptor | undefined {
  const wrong = (what: string): undefined => {
    if (strict) throw invalid(`\`${where}\` ${what}`)
  }
  if (typeof value !== 'object' || value === null) return wrong('must be a descriptor: mediaType, digest and size')
  const { mediaType, digest, size, urls, platform } = value as JsonObject
  const parsed = typeof digest === 'string' ? digestIn(digest) : undefined
  if (parsed === undefined) return wrong('has no valid digest (sha256 or sha512)')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return wrong('has no valid size in bytes')
  if (typeof mediaType !== 'string') return wrong('has no mediaType')
  return { mediaType, digest: parsed, size, urls: textsOf(urls), platform: platformOf(platform) }
}

function platformOf(value: unknown): Descriptor['platform'] {
  if (typeof value !== 'object' || value === null) return undefined
  const { os, architecture } = value as JsonObject
  return typeof os === 'string' && typeof architecture === 'string' ? { os, architecture } : undefined
}

function annotationsIn(document: JsonObject, strict: boolean): Record<string, string> | undefined {
  const { annotations } = document
  if (annotations === undefined || annotations === null) return undefined
  const isMap = typeof annotations === 'object' && !Array.isArray(annotations)
  if (isMap && Object.values(annotations).every((value) => typeof value === 'string')) {
    return annotations as Record<string, string>
  }
  if (strict) throw invalid('`annotations` must map strings to strings')
  return undefined
}

function textIn(document: JsonObject, field: string): string | undefined {
  const value = document[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

// spec, Pushing Manifests: "The registry SHOULD ignore parameters on the `Content-Type` header."
function mediaTypeOfHeader(header: string): string {
  const mediaType = header.split(';', 1)[0]?.trim() ?? ''
  if (!mediaTypePattern.test(mediaType)) throw invalid('Content-Type is not a media type')
  return mediaType
}

function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { message })
}
