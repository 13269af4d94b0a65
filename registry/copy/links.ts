// Copies small objects: those that lead to content after what they lead to, the others as they are.
import { LRUCache } from 'lru-cache'
import { digestIn, type Digest } from '../digest.ts'
import { layerLinkKey } from '../layout.ts'
import type { RepositoryName } from '../names.ts'
import type { BlobCopier, CopyParts } from './blobs.ts'
import { oncePerKey } from './side-by-side.ts'
import type { Outcome } from './source.ts'
import type { Count } from './tally.ts'

const remembered = 50_000

export interface LinkOptions {
  /** Whether the target's list has the key, where that is known. */
  isListed?: boolean | undefined
  /** Where it is counted, if not among the links. */
  count?: Count
}

/** All throw when the target fails. */
export interface LinkCopier {
  /**
   * Copies the link once `prepare` has found that what it leads to is there. Where the target has the same link already, nobody looks: it was written
   * after what it leads to.
   */
  link(key: string, options: LinkOptions, prepare: (leadsTo: Digest) => Promise<Outcome>): Promise<Outcome>
  /** A repository's access to a blob, after the blob. */
  layer(repository: RepositoryName, digest: Digest, isListed?: boolean): Promise<Outcome>
  /** A small object that leads nowhere; with `otherwise`, that where the source has none. */
  value(key: string, options?: { isListed?: boolean; otherwise?: Buffer }): Promise<Outcome>
}

interface Link {
  bytes: Buffer
  leadsTo: Digest
}

export function createLinkCopier({ source, target, tally }: CopyParts, blobs: BlobCopier): LinkCopier {
  const known = new LRUCache<string, true>({ max: remembered })
  const once = oncePerKey<Outcome>()

  /** Undefined also when it is torn, as crashes of older registries leave them. */
  async function linkAt(key: string): Promise<Link | undefined> {
    const bytes = await source.get(key)
    const leadsTo = digestIn(bytes?.toString('latin1').trimEnd() ?? '')
    return bytes === undefined || leadsTo === undefined ? undefined : { bytes, leadsTo }
  }

  async function isThere(key: string, bytes: Buffer, isListed: boolean | undefined): Promise<boolean> {
    return isListed !== false && ((await target.get(key))?.bytes.equals(bytes) ?? false)
  }

  function unlessKnown(key: string, work: () => Promise<Outcome>): Promise<Outcome> {
    if (known.has(key)) return Promise.resolve('there')
    return once(key, async () => {
      const outcome = await source.past(work)
      if (outcome === 'there') known.set(key, true)
      return outcome
    })
  }

  function link(
    key: string,
    { isListed, count = tally.links }: LinkOptions,
    prepare: (leadsTo: Digest) => Promise<Outcome>,
  ): Promise<Outcome> {
    return unlessKnown(key, async () => {
      const found = await linkAt(key)
      if (found === undefined) return 'absent'
      if (await isThere(key, found.bytes, isListed)) {
        count.present++
        return 'there'
      }
      const outcome = await prepare(found.leadsTo)
      if (outcome !== 'there') return outcome
      await target.write(key, found.bytes)
      count.copied++
      return 'there'
    })
  }

  return {
    link,

    layer: (repository, digest, isListed) =>
      link(layerLinkKey(repository, digest), { isListed }, (leadsTo) => blobs.ensure(leadsTo)),

    value: (key, { isListed, otherwise } = {}) =>
      unlessKnown(key, async () => {
        const bytes = (await source.get(key)) ?? otherwise
        if (bytes === undefined) return 'absent'
        if (await isThere(key, bytes, isListed)) {
          tally.links.present++
        } else {
          await target.write(key, bytes)
          tally.links.copied++
        }
        return 'there'
      }),
  }
}
