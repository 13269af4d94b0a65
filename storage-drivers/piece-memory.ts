// The memory of body pieces, which belong to the driver that took them.

/** At once, so that the next pieces of the body come to lie in memory that is still in the processor's cache (docs/decisions/0005-memory.md). */
export function freePieces(pieces: readonly Uint8Array[]): void {
  for (const { buffer, length } of pieces) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0)
  }
}
