// Which manifests name a manifest as their subject. One object per referrer, written by nobody else, so there is nothing to lose in a race.
import type { KeyedValue, StorageDriver } from '../storage-drivers/driver.ts'
import { algorithmOf, hexOf, type Digest } from './digest.ts'
import { digestInKey, referrerKey, referrersPrefix, revisionLinkKey } from './layout.ts'
import type { Links } from './links.ts'
import type { Log } from './log.ts'
import { parseStoredManifest, type Manifest } from './manifest.ts'
import { parseTag, type Reference, type RepositoryName, type Tag } from './names.ts'
import type { StoredManifest } from './content-source.ts'
import { jsonObjectIn } from './strict-json.ts'

/** A descriptor as a referrers list shows it (spec, Listing Referrers). */
export interface ReferrerDescriptor {
  mediaType: string
  digest: Digest
  size: number
  artifactType?: string
  annotations?: Record<string, string>
}

export interface ReferrersQuery {
  artifactType?: string
  /** Begin behind this digest. */
  after?: string
}

export interface Referrers {
  /** What has to be written for the manifest to be found by its subject: nothing when it has none, or is there already. */
  missing(repository: RepositoryName, stored: StoredManifest, manifest: Manifest): Promise<KeyedValue[]>
  remove(repository: RepositoryName, subject: Digest, referrer: Digest): Promise<void>
  /** In the order of their digests; reads no more than is taken. */
  list(repository: RepositoryName, subject: Digest, query: ReferrersQuery): AsyncIterable<ReferrerDescriptor>
}

type FindManifest = (repository: RepositoryName, reference: Reference) => Promise<StoredManifest | undefined>

export function createReferrers(driver: StorageDriver, links: Links, log: Log, findManifest: FindManifest): Referrers {
  async function* indexed(
    repository: RepositoryName,
    subject: Digest,
    after: string | undefined,
  ): AsyncIterable<Digest> {
    const prefix = referrersPrefix(repository, subject)
    const from = after === undefined ? {} : { after: prefix + after.replace(':', '/') }
    for await (const key of driver.list(prefix, from)) {
      const digest = digestInKey(key)
      if (digest !== undefined) yield digest
    }
  }

  async function load(
    repository: RepositoryName,
    subject: Digest,
    referrer: Digest,
  ): Promise<ReferrerDescriptor | undefined> {
    // The manifest's link is the truth: an entry that outlived it, after a crash or an older registry's delete, does not count.
    if ((await links.read(revisionLinkKey(repository, referrer))) === undefined) return undefined
    const key = referrerKey(repository, subject, referrer)
    const entry = await driver.get(key)
    if (entry !== undefined) {
      const descriptor = descriptorIn(entry.bytes, referrer)
      if (descriptor !== undefined) return descriptor
      log.warn({ key }, 'referrers entry could not be read; the manifest itself was read instead')
    }
    const stored = await findManifest(repository, referrer)
    return stored && describeReferrer(stored, subject)
  }

  /**
   * spec, Enabling the Referrers API: "Registries MUST include preexisting image manifests that are listed in an image index tagged with the
   * referrers tag schema and have a valid `subject` field".
   */
  async function fallbackTagged(repository: RepositoryName, subject: Digest): Promise<Digest[]> {
    const stored = await findManifest(repository, referrersTag(subject))
    if (stored === undefined) return []
    return parseStoredManifest(stored.bytes, stored.mediaType).children.map((child) => child.digest)
  }

  return {
    async missing(repository, stored, manifest) {
      if (manifest.subject === undefined) return []
      const key = referrerKey(repository, manifest.subject, stored.digest)
      const bytes = Buffer.from(JSON.stringify(describe(stored, manifest)))
      const isThere = !driver.isRemote && (await driver.get(key))?.bytes.equals(bytes)
      return isThere ? [] : [{ key, bytes }]
    },

    remove: (repository, subject, referrer) => driver.delete(referrerKey(repository, subject, referrer)),

    async *list(repository, subject, { artifactType, after }) {
      const tagged = (await fallbackTagged(repository, subject)).filter(
        (digest) => after === undefined || digest > after,
      )
      for await (const digest of mergedInOrder(indexed(repository, subject, after), tagged.sort())) {
        const descriptor = await load(repository, subject, digest)
        if (descriptor === undefined) continue
        if (artifactType === undefined || descriptor.artifactType === artifactType) yield descriptor
      }
    },
  }
}

/** spec, Referrers Tag Schema: algorithm (32 characters at most), `-`, the encoded part (64 characters at most). */
export function referrersTag(subject: Digest): Tag {
  return parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`)
}

function describeReferrer(stored: StoredManifest, subject: Digest): ReferrerDescriptor | undefined {
  const manifest = parseStoredManifest(stored.bytes, stored.mediaType)
  return manifest.subject === subject ? describe(stored, manifest) : undefined
}

function describe(stored: StoredManifest, manifest: Manifest): ReferrerDescriptor {
  return {
    mediaType: stored.mediaType,
    digest: stored.digest,
    size: stored.bytes.length,
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  }
}

function descriptorIn(bytes: Buffer, referrer: Digest): ReferrerDescriptor | undefined {
  const entry = jsonObjectIn(bytes)
  return entry?.digest === referrer ? (entry as unknown as ReferrerDescriptor) : undefined
}

async function* mergedInOrder(first: AsyncIterable<Digest>, second: Digest[]): AsyncIterable<Digest> {
  let next = 0
  let last: Digest | undefined
  for await (const digest of first) {
    while (next < second.length && (second[next] as Digest) < digest) {
      const other = second[next++] as Digest
      if (other !== last) yield (last = other)
    }
    if (digest !== last) yield (last = digest)
  }
  for (const digest of second.slice(next)) if (digest !== last) yield (last = digest)
}
