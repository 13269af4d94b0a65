// Digests: image-spec, descriptor.md "Digests". Two algorithms, their exact lengths, lower-case hexadecimal.
import { createHash, hash } from 'node:crypto'
import type { IHasher } from 'hash-wasm'
import { RegistryError } from './errors.ts'

/** A checked digest, `sha256:` with 64 or `sha512:` with 128 hexadecimal digits. */
export type Digest = string & { readonly brand: 'Digest' }

export type Algorithm = 'sha256' | 'sha512'

const hexLengths: Record<Algorithm, number> = { sha256: 64, sha512: 128 }
const hexadecimal = /^[0-9a-f]+$/

/** Throws DIGEST_INVALID on another algorithm, another length, or upper case. */
export function parseDigest(text: string): Digest {
  const digest = digestIn(text)
  if (digest === undefined) {
    throw new RegistryError('DIGEST_INVALID', {
      message: 'not a digest: give sha256: and 64, or sha512: and 128 lower-case hexadecimal digits',
      detail: { digest: text.slice(0, 200) },
    })
  }
  return digest
}

/** The digest in a text that may be none, such as a link file. */
export function digestIn(text: string): Digest | undefined {
  const colon = text.indexOf(':')
  const algorithm = text.slice(0, colon)
  const hex = text.slice(colon + 1)
  if (!isAlgorithm(algorithm) || hex.length !== hexLengths[algorithm] || !hexadecimal.test(hex)) return undefined
  return text as Digest
}

/** Throws DIGEST_INVALID on an algorithm that this registry does not compute. */
export function parseAlgorithm(text: string): Algorithm {
  if (isAlgorithm(text)) return text
  throw new RegistryError('DIGEST_INVALID', {
    message: 'unsupported digest algorithm: use sha256 or sha512',
    detail: { algorithm: text.slice(0, 50) },
  })
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, digest.indexOf(':')) as Algorithm
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

export function digestOf(bytes: Uint8Array, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` as Digest
}

/** The digest of bytes that come in pieces. */
export interface Digester {
  readonly algorithm: Algorithm
  update(chunk: Uint8Array): void
  /** The digest of all bytes so far; more may follow. */
  digest(): Digest
}

export function createDigester(algorithm: Algorithm): Digester {
  const state = createHash(algorithm)
  return {
    algorithm,
    update: (chunk) => void state.update(chunk),
    digest: () => `${algorithm}:${state.copy().digest('hex')}` as Digest,
  }
}

/** A digester whose inner state can travel to another process; several times slower than the other kind. */
export interface MovableDigester extends Digester {
  /** For `resumeDigester`. */
  save(): string
}

export async function createMovableDigester(algorithm: Algorithm): Promise<MovableDigester> {
  return movable(algorithm, await hasherFor(algorithm))
}

/** Goes on from what `save` gave; undefined when that is no state of such a digester. */
export async function resumeDigester(algorithm: Algorithm, saved: string): Promise<MovableDigester | undefined> {
  const hasher = await hasherFor(algorithm)
  try {
    hasher.load(Buffer.from(saved, 'base64'))
  } catch {
    return undefined
  }
  return movable(algorithm, hasher)
}

async function hasherFor(algorithm: Algorithm): Promise<IHasher> {
  const { createSHA256, createSHA512 } = await import('hash-wasm')
  return (algorithm === 'sha256' ? await createSHA256() : await createSHA512()).init()
}

function movable(algorithm: Algorithm, hasher: IHasher): MovableDigester {
  return {
    algorithm,
    update: (chunk) => void hasher.update(chunk),
    digest() {
      const state = hasher.save()
      const digest = `${algorithm}:${hasher.digest('hex')}` as Digest
      hasher.load(state)
      return digest
    },
    save: () => Buffer.from(hasher.save()).toString('base64'),
  }
}

export function isAlgorithm(text: string): text is Algorithm {
  return text === 'sha256' || text === 'sha512'
}
