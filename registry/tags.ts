// Tags of a repository: what each points at now, and everything it ever pointed at (the layout's index folder).
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { Digest } from './digest.ts'
import { currentLink, currentLinkKey, indexLink, lastSegment, tagPrefix, tagsPrefix } from './layout.ts'
import type { Links } from './links.ts'
import { tagIn, type RepositoryName, type Tag } from './names.ts'

export interface Tags {
  /** What the tag points at, or undefined. */
  resolve(repository: RepositoryName, tag: Tag): Promise<Digest | undefined>
  /** Points the tag at a manifest that is complete in the repository. The caller holds the tag's lock. */
  point(repository: RepositoryName, tag: Tag, digest: Digest): Promise<void>
  /** Removes the tag with its history. False when there was none. The caller holds the tag's lock. */
  remove(repository: RepositoryName, tag: Tag): Promise<boolean>
  /** Tags in ASCII order, behind `after`; reads no more than is taken. */
  list(repository: RepositoryName, after?: string): AsyncIterable<Tag>
  /** The tags that point, or once pointed, at the manifest. */
  everPointedAt(repository: RepositoryName, digest: Digest): AsyncIterable<Tag>
}

export function createTags(driver: StorageDriver, links: Links): Tags {
  async function* listHolding(repository: RepositoryName, holding: string, after?: string): AsyncIterable<Tag> {
    const prefix = tagsPrefix(repository)
    const options = { delimiter: '/' as const, holding, ...(after === undefined ? {} : { after: prefix + after }) }
    for await (const entry of driver.list(prefix, options)) {
      const tag = tagIn(lastSegment(entry))
      if (tag !== undefined) yield tag
    }
  }

  return {
    resolve: (repository, tag) => links.read(currentLinkKey(repository, tag)),

    async point(repository, tag, digest) {
      await links.write(tagPrefix(repository, tag) + indexLink(digest), digest)
      await links.write(currentLinkKey(repository, tag), digest)
    },

    async remove(repository, tag) {
      const current = currentLinkKey(repository, tag)
      const existed = (await driver.stat(current)) !== undefined
      // The link first: after a crash in between, the tag is gone and only its history is left.
      await driver.delete(current)
      await driver.deleteAll(tagPrefix(repository, tag))
      return existed
    },

    list: (repository, after) => listHolding(repository, currentLink, after),
    everPointedAt: (repository, digest) => listHolding(repository, indexLink(digest)),
  }
}

/** The lock that every change of a tag holds. */
export function tagLock(repository: RepositoryName, tag: Tag): string {
  return `tag:${repository}:${tag}`
}
