// Digests as registries write them, computed anew: what a test expects should not come from the code that it tests.
import { createHash } from 'node:crypto'

export function digestOf(bytes: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}
