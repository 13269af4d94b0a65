// Bytes on their way into storage.

/** In pieces as they came; those that came together are handed on together, at the cost of one. */
export type Batches = AsyncIterable<readonly Uint8Array[]>

export function lengthOf(batch: readonly Uint8Array[]): number {
  return batch.reduce((sum, { length }) => sum + length, 0)
}
