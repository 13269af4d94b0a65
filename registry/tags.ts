// Tags of a repository: what each points at now, and everything it ever pointed at (the layout's index folder).
import type { KeyedValue, StorageDriver } from '../storage-drivers/driver.ts'
import type { Digest } from './digest.ts'
import { currentLink, currentLinkKey, indexLink, lastSegment, tagPrefix, tagsPrefix } from './layout.ts'
import type { Links } from './links.ts'
import { tagIn, type RepositoryName, type Tag } from './names.ts'

export interface Tags {
  /** What the tag points at, or undefined. */
  resolve(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>
  /**
   * What has to be written to point the tag at a manifest: first its history, and when the manifest is complete in the repository, the pointer.
   * The caller holds the tag's lock.
   */
  pointing(
    repository: RepositoryName,
    tag: Tag,
    digest: Digest,
  ): Promise<{ history: KeyedValue[]; pointer: KeyedValue[] }>
  /** The tags that point at the manifest now. */
  pointingAt(repository: RepositoryName, digest: Digest): Promise<Tag[]>
  /** Points the tag at the manifest if it still points at what `expected` is (undefined: at nothing); false when it does not. */
  replace(
    repository: RepositoryName,
    tag: Tag,
    change: { expected: Digest | undefined; digest: Digest },
  ): Promise<boolean>
  /** Removes the tag with its history. False when there was none. The caller holds the tag's lock. */
  remove(repository: RepositoryName, tag: Tag): Promise<boolean>
  /** Tags in ASCII order, behind `after`; reads no more than is taken. */
  list(repository: RepositoryName, after?: string): AsyncIterable<Tag>
}

export function createTags(driver: StorageDriver, links: Links): Tags {
  async function* list(repository: RepositoryName, after?: string): AsyncIterable<Tag> {
    const prefix = tagsPrefix(repository)
    const from = after === undefined ? {} : { after: prefix + after }
    for await (const entry of driver.list(prefix, { delimiter: '/', holding: currentLink, ...from })) {
      const tag = entry.endsWith('/') ? tagIn(lastSegment(entry)) : undefined
      if (tag !== undefined) yield tag
    }
  }

  /** Tags that may point at the manifest: where every look is a request, those whose history knows it. */
  async function* candidates(repository: RepositoryName, digest: Digest): AsyncIterable<Tag> {
    if (!driver.isRemote) return yield* list(repository)
    const prefix = tagsPrefix(repository)
    const suffix = `/${indexLink(digest)}`
    for await (const key of driver.list(prefix)) {
      const tag = key.endsWith(suffix) ? tagIn(key.slice(prefix.length, -suffix.length)) : undefined
      if (tag !== undefined) yield tag
    }
  }

  return {
    list,
    resolve: (repository, tag) => links.read(currentLinkKey(repository, tag)),

    async pointingAt(repository, digest) {
      const found: Tag[] = []
      for await (const tag of candidates(repository, digest)) {
        if ((await links.read(currentLinkKey(repository, tag))) === digest) found.push(tag)
      }
      return found
    },

    async replace(repository, tag, { expected, digest }) {
      const key = currentLinkKey(repository, tag)
      const bytes = Buffer.from(digest)
      if (expected === undefined) return driver.write(key, bytes, { ifAbsent: true })
      const present = await driver.get(key)
      if (present?.bytes.toString('latin1').trimEnd() !== expected) return false
      return driver.write(key, bytes, { ifMatch: present.version })
    },

    pointing: async (repository, tag, digest) => ({
      // No push promises its history to survive a power loss: that would cost it a third of its disk writes.
      history: (await links.missing(tagPrefix(repository, tag) + indexLink(digest), digest)).map(asEphemeral),
      pointer: await links.missing(currentLinkKey(repository, tag), digest),
    }),

    async remove(repository, tag) {
      const current = currentLinkKey(repository, tag)
      const existed = (await driver.stat(current)) !== undefined
      // The link first: after a crash in between, the tag is gone and only its history is left.
      await driver.delete(current)
      await driver.deleteAll(tagPrefix(repository, tag))
      return existed
    },
  }
}

function asEphemeral(entry: KeyedValue): KeyedValue {
  return { ...entry, ephemeral: true }
}

/** The lock that every change of a tag holds. */
export function tagLock(repository: RepositoryName, tag: Tag): string {
  return `tag:${repository}:${tag}`
}
