// The keys of the source, in an order and with a look at the target that cost as few requests as lists do.
import type { StorageDriver } from '../../storage-drivers/driver.ts'
import { blobsPrefix, repositoriesPrefix } from '../layout.ts'

export interface ListedKey {
  key: string
  /** Whether the target's list has it too. False may be out of date: then the same is written again. */
  isListed: boolean
}

/** What begins with `prefix` at the source. Both lists are in one order, so neither is kept. */
export async function* comparedKeys(
  source: StorageDriver,
  target: StorageDriver,
  prefix: string,
): AsyncGenerator<ListedKey> {
  const theirs = target.list(prefix)[Symbol.asyncIterator]()
  try {
    let next = await theirs.next()
    for await (const key of source.list(prefix)) {
      while (!next.done && next.value < key) next = await theirs.next()
      yield { key, isListed: !next.done && next.value === key }
    }
  } finally {
    await theirs.return?.()
  }
}

/** What lies below `docker/` and `lading/` and belongs neither to the blobs nor to the repositories. */
export async function* keysBeside(source: StorageDriver): AsyncGenerator<string> {
  yield* source.list('lading/')
  for (let end = blobsPrefix.indexOf('/') + 1; end < blobsPrefix.length; end = blobsPrefix.indexOf('/', end) + 1) {
    for await (const entry of source.list(blobsPrefix.slice(0, end), { delimiter: '/' })) {
      if (blobsPrefix.startsWith(entry) || repositoriesPrefix.startsWith(entry)) continue
      if (entry.endsWith('/')) yield* source.list(entry)
      else yield entry
    }
  }
}
