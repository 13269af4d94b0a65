// Appends bytes to a file, in the thread pool or in the event loop's own thread (docs/decisions/0010-writing-at-once.md).
import fs from 'node:fs'
import { writev } from './calls.ts'

/** A mebibyte that only goes to memory takes a fraction of one. */
const slowMs = 10
const backOffMs = 5000

/**
 * Writes all of the buffers at the file's end (the file is open for appending). With `isOneOfMany`, and while the system takes bytes at once, they
 * are written before anything else happens: what waits for the pool among many others is out of the processor's cache when its turn comes.
 */
export type Append = (fd: number, buffers: readonly Uint8Array[], isOneOfMany: boolean) => Promise<void>

export const appendAll = createAppend()

/** The parameters are for tests. */
export function createAppend(writevSync = fs.writevSync, now: () => number = () => performance.now()): Append {
  let pooledUntil = 0

  function writeNow(fd: number, buffers: readonly Uint8Array[]): number {
    const start = now()
    const written = writevSync(fd, buffers)
    const end = now()
    if (end - start > slowMs) pooledUntil = end + backOffMs
    return written
  }

  return async (fd, buffers, isOneOfMany) => {
    let rest = buffers.filter((buffer) => buffer.length > 0)
    while (rest.length > 0) {
      const written = isOneOfMany && now() >= pooledUntil ? writeNow(fd, rest) : await writev(fd, rest)
      rest = behind(rest, written)
    }
  }
}

function behind(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = 0
  const rest: Uint8Array[] = []
  for (const buffer of buffers) {
    const start = Math.max(0, bytes - skipped)
    if (start < buffer.length) rest.push(buffer.subarray(start))
    skipped += buffer.length
  }
  return rest
}
