/** Choices that are the same for the same seed. */
import { createHash } from 'node:crypto'
import { generatedBytes } from '../../clients/support/generated-bytes.ts'

export interface Random {
  /** 0 up to, not including, `count`. */
  below(count: number): number
  pick<T>(list: readonly T[]): T
  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean
  /** Content that nothing else has. */
  bytes(size: number): Buffer
}

export function createRandom(seed: string): Random {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  let contents = 0

  // mulberry32: small, and good enough to choose with.
  function fraction(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  const below = (count: number): number => Math.floor(fraction() * count)
  return {
    below,
    pick: (list) => {
      if (list.length === 0) throw new Error('there is nothing to pick from')
      return list[below(list.length)] as (typeof list)[number]
    },
    chance: (percent) => below(100) < percent,
    bytes: (size) => generatedBytes(`${seed} ${contents++}`, size),
  }
}
