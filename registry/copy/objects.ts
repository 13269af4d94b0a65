// Copies what other versions and other registries keep beside our content: nothing is known of it but its bytes.
import type { CopyParts } from './blobs.ts'
import type { LinkCopier } from './links.ts'
import { Unreadable, type Outcome } from './source.ts'

const smallBytes = 1024 * 1024

export type CopyObject = (key: string, isListed?: boolean) => Promise<Outcome>

/** Small ones are compared by their bytes, large ones by their size. Throws when the target fails. */
export function createObjectCopier({ source, target, tally }: CopyParts, links: LinkCopier): CopyObject {
  return (key, isListed) =>
    source.past(async () => {
      const size = await source.size(key)
      if (size === undefined) return 'absent'
      if (size <= smallBytes) return links.value(key, isListed === undefined ? {} : { isListed })
      if (isListed !== false && (await target.stat(key))?.size === size) {
        tally.links.present++
        return 'there'
      }
      const { chunks, failure } = source.stream(key, size)
      try {
        await target.writeStream(key, chunks, { length: size })
      } catch (error) {
        const failed = failure()
        throw failed === undefined ? error : new Unreadable(key, failed.error)
      }
      tally.links.copied++
      return 'there'
    })
}
