// A cache in the memory of one process. Others keep their own, and nothing tells them: their copies are outlived.
import { LRUCache } from 'lru-cache'
import type { Cache } from './cache.ts'
import { outlast, stopwatch } from './elapsed.ts'
import { createFlights } from './flights.ts'

export interface InProcessCacheOptions {
  /** At least 1; those that were used longest ago make room. */
  maxEntries: number
  lifetimeMs: number
  /** Whether no other process serves the same truth, so that nobody else's copy has to be outlived. */
  isAlone: () => boolean
}

interface Kept {
  readonly value: string
  /** Since before it was looked for: what was found was true then, and perhaps no longer when it arrived. */
  readonly ageMs: () => number
}

export function inProcessCache({ maxEntries, lifetimeMs, isAlone }: InProcessCacheOptions): Cache {
  // Each counts one: a plain number of entries would have room made for all of them at once.
  const kept = new LRUCache<string, Kept>({ maxSize: maxEntries, sizeCalculation: () => 1 })
  /** One that is older may have begun before an invalidation elsewhere that has been outlived. An invalidation here drops it. */
  const flights = createFlights<() => number>((begunAgeMs) => begunAgeMs() < lifetimeMs)

  return {
    async lookup(key, load) {
      const entry = kept.get(key)
      if (entry !== undefined && entry.ageMs() < lifetimeMs) return entry.value

      const ageMs = stopwatch()
      return flights.share(key, ageMs, async () => {
        const value = await load()
        if (value !== undefined && flights.isCurrent(key, ageMs)) kept.set(key, { value, ageMs })
        return value
      })
    },

    async invalidate(keys) {
      for (const key of keys) {
        kept.delete(key)
        flights.drop(key)
      }
      if (keys.length > 0 && !isAlone()) await outlast(lifetimeMs)
    },
  }
}
