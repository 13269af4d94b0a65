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
  /** Removes the tag with its history. False when there was none. The caller holds the tag's lock. */
  remove(repository: RepositoryName, tag: Tag): Promise<boolean>
  /** Tags in ASCII order, behind `after`; reads no more than is taken. */
  list(repository: RepositoryName, after?: string): AsyncIterable<Tag>
}

export function createTags(driver: StorageDriver, links: Links): Tags {
  return {
    resolve: (repository, tag) => links.read(currentLinkKey(repository, tag)),

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

    async *list(repository, after) {
      const prefix = tagsPrefix(repository)
      const from = after === undefined ? {} : { after: prefix + after }
      for await (const entry of driver.list(prefix, { delimiter: '/', holding: currentLink, ...from })) {
        const tag = entry.endsWith('/') ? tagIn(lastSegment(entry)) : undefined
        if (tag !== undefined) yield tag
      }
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
