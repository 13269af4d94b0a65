// Random choices that can be made again: all of them follow from one number, which the suites print.
import { createCipheriv, createHash, randomInt } from 'node:crypto'

export interface Random {
  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly T[]): T
  bytes(length: number): Buffer
  /** Another source, independent of how much is taken from this one later. */
  fork(name: string): Random
}

/** The seed in the environment, or a new one. */
export function seedFrom(variable: string): number {
  const given = Number(process.env[variable])
  return Number.isInteger(given) && given > 0 ? given : randomInt(1, 2 ** 31)
}

export function seededRandom(seed: number | string): Random {
  const key = createHash('sha256').update(String(seed)).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  const bytes = (length: number): Buffer => cipher.update(Buffer.alloc(length))
  const below = (limit: number): number => Math.floor((bytes(4).readUInt32LE() / 2 ** 32) * limit)
  return {
    below,
    between: (min, max) => min + below(max - min + 1),
    chance: (probability) => below(1_000_000) < probability * 1_000_000,
    pick: <T>(choices: readonly T[]) => {
      if (choices.length === 0) throw new Error('nothing to pick from')
      return choices[below(choices.length)] as T
    },
    bytes,
    fork: (name) => seededRandom(`${seed}/${name}`),
  }
}
