// Pushing, pulling and deleting manifests. A tag becomes visible last and goes first, so what can be seen is complete.
import { withLock, type Locker } from '../coordination/locker.ts'
import type { KeyedValue, StorageDriver } from '../storage-drivers/driver.ts'
import type { StoredManifest } from './content-source.ts'
import { algorithmOf, digestOf, type Digest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { CheckReferences } from './manifest-rules.ts'
import type { ManifestStore } from './manifest-store.ts'
import { parsePushedManifest, parseStoredManifest } from './manifest.ts'
import { isDigest, type Reference, type RepositoryName, type Tag } from './names.ts'
import type { Referrers } from './referrers.ts'
import { tagLock, type Tags } from './tags.ts'

export interface ManifestPush {
  bytes: Buffer
  /** The request's Content-Type, if any. */
  contentType: string | undefined
  /** The digest that the client expects; without it, sha256 is used. */
  digest?: Digest
  tags: readonly Tag[]
  /** Evaluated on what every tag points at (without tags: on the manifest), in one step with the change: RFC 9110, section 13.1. */
  condition?: (current: Digest | undefined) => boolean
}

export interface ManifestReceipt {
  digest: Digest
  /** The manifest that this one refers to, which need not exist. */
  subject: Digest | undefined
}

export interface Manifests {
  /** Undefined when there is no such tag or manifest in the repository. */
  find(repository: RepositoryName, reference: Reference): Promise<StoredManifest | undefined>
  /** Throws MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, PRECONDITION_FAILED. */
  put(repository: RepositoryName, push: ManifestPush): Promise<ManifestReceipt>
  /** Removes the manifest and every tag that points at it. False when the repository does not have it. */
  delete(repository: RepositoryName, digest: Digest): Promise<boolean>
  /** Removes the tag alone. False when there was none. */
  deleteTag(repository: RepositoryName, tag: Tag): Promise<boolean>
}

export interface ManifestParts {
  driver: StorageDriver
  store: ManifestStore
  tags: Tags
  referrers: Referrers
  checkReferences: CheckReferences
  locker: Locker
}

export function createManifests({ driver, store, tags, referrers, checkReferences, locker }: ManifestParts): Manifests {
  async function find(repository: RepositoryName, reference: Reference): Promise<StoredManifest | undefined> {
    const digest = isDigest(reference) ? reference : await tags.resolve(repository, reference)
    if (digest === undefined) return undefined
    return isDigest(reference) ? store.find(repository, digest) : store.findTagged(repository, digest)
  }

  /** Resolves to what each tag pointed at when the condition held. */
  async function checkCondition(
    repository: RepositoryName,
    push: ManifestPush,
    digest: Digest,
  ): Promise<Map<Tag, Digest | undefined>> {
    const { condition } = push
    const held = new Map<Tag, Digest | undefined>()
    if (condition === undefined) return held
    const check = (reference: Reference, current: Digest | undefined): void => {
      if (condition(current)) return
      throw new RegistryError('PRECONDITION_FAILED', { detail: { reference, digest: current ?? null } })
    }
    if (push.tags.length === 0) check(digest, (await store.hasRevision(repository, digest)) ? digest : undefined)
    for (const tag of push.tags) {
      const current = await tags.resolve(repository, tag)
      check(tag, current)
      held.set(tag, current)
    }
    return held
  }

  async function replaceTag(
    repository: RepositoryName,
    tag: Tag,
    change: { expected: Digest | undefined; digest: Digest },
  ): Promise<void> {
    if (await tags.replace(repository, tag, change)) return
    throw new RegistryError('PRECONDITION_FAILED', { detail: { reference: tag } })
  }

  /** Replicas without a common lock: who pushes looks whether somebody deleted meanwhile, and who deletes whether somebody pushed. One of them sees it. */
  async function keepRevision(
    repository: RepositoryName,
    tagged: readonly Tag[],
    { digest, entries }: { digest: Digest; entries: readonly KeyedValue[] },
  ): Promise<void> {
    if (!driver.isRemote || tagged.length === 0 || (await store.hasRevision(repository, digest))) return
    await driver.writeInOrder(entries)
  }

  return {
    find,

    async put(repository, push) {
      const manifest = parsePushedManifest(push.bytes, push.contentType)
      const digest = digestOf(push.bytes, push.digest && algorithmOf(push.digest))
      if (push.digest !== undefined && push.digest !== digest) {
        throw new RegistryError('DIGEST_INVALID', { detail: { expected: push.digest, actual: digest } })
      }
      const stored = { digest, mediaType: manifest.mediaType, bytes: push.bytes }
      await checkReferences(repository, manifest)

      const locks = [manifestLock(repository, digest), ...push.tags.map((tag) => tagLock(repository, tag))]
      await withLock(locker, locks, async () => {
        const held = await checkCondition(repository, push, digest)
        const { content, link } = await store.missing(repository, stored, manifest)
        const entries = [...content, ...(await referrers.missing(repository, stored, manifest))]
        const pointers: KeyedValue[] = []
        for (const tag of push.tags) {
          const { history, pointer } = await tags.pointing(repository, tag, digest)
          entries.push(...history)
          // Under a condition the pointer is written by compare-and-swap where other replicas may not share our locks.
          if (!(driver.isRemote && held.has(tag))) pointers.push(...pointer)
        }
        await driver.writeInOrder([...entries, ...link, ...pointers.slice(0, 1)])
        // Of several tags, each must find everything else on disk.
        for (const pointer of pointers.slice(1)) await driver.writeInOrder([pointer])
        if (driver.isRemote) for (const [tag, expected] of held) await replaceTag(repository, tag, { expected, digest })
        await keepRevision(repository, push.tags, { digest, entries: [...entries, ...link] })
      })
      return { digest, subject: manifest.subject }
    },

    async delete(repository, digest) {
      let pointing = await tags.pointingAt(repository, digest)
      for (;;) {
        const locked = new Set(pointing)
        const locks = [manifestLock(repository, digest), ...pointing.map((tag) => tagLock(repository, tag))]
        const deleted = await withLock(locker, locks, async () => {
          pointing = await tags.pointingAt(repository, digest)
          // A push pointed another tag at it in between: begin again with that one locked too.
          if (!pointing.every((tag) => locked.has(tag))) return undefined
          if (!(await store.hasRevision(repository, digest))) return false
          const stored = await store.find(repository, digest)
          for (const tag of pointing) await tags.remove(repository, tag)
          await store.unlinkRevision(repository, digest)
          const subject = stored && parseStoredManifest(stored.bytes, stored.mediaType).subject
          if (subject !== undefined) await referrers.remove(repository, subject, digest)
          if (driver.isRemote) {
            for (const tag of await tags.pointingAt(repository, digest)) await tags.remove(repository, tag)
          }
          return true
        })
        if (deleted !== undefined) return deleted
      }
    },

    deleteTag: (repository, tag) => withLock(locker, [tagLock(repository, tag)], () => tags.remove(repository, tag)),
  }
}

function manifestLock(repository: RepositoryName, digest: Digest): string {
  return `manifest:${repository}:${digest}`
}
