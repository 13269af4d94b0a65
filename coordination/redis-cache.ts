// A cache that all processes share in Redis. Redis may be slow, away, emptied or a server with older data: then it helps less, and errs never.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from './cache.ts'
import { createCircuit } from './circuit.ts'
import { outlasting } from './elapsed.ts'
import { createFlights } from './flights.ts'
import { forgetScript, lookupScript, storeScript } from './redis-cache-scripts.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface RedisCacheOptions {
  /** Those who give the same name share what is kept. */
  name?: string
  /** The same for all of them. Also how long an invalidation takes that Redis cannot be told of. */
  lifetimeMs?: number
  /** How long a lookup waits for Redis before it looks for itself. */
  patienceMs?: number
  /** How long lookups do without Redis once it did not answer. */
  pauseMs?: number
}

/** A right to fill the key, which an invalidation takes away, and when it was given by the clock of Redis. */
interface Permit {
  readonly permit: string
  readonly givenAt: number
}

const retryMs = 100
/** So many are told at a time. */
const batch = 200

/**
 * Why nothing is answered that was invalidated before:
 *
 * - A load fills the key only with the permit that Redis gave out before the load began. An invalidation deletes permit and value in one step, and
 *   a permit that is absent, for whatever reason (deleted, expired, evicted, lost with all data), is not one. So there is no counter whose loss
 *   or repetition could make a permit valid again.
 * - An invalidation that cannot be told waits for one lifetime. Meanwhile others may read and fill; but a value's lifetime counts from when its
 *   permit was asked for, thus from before its load, by the clock of Redis, however late it is stored. What was looked for before the truth
 *   changed is over when the wait is.
 * - Whatever comes back with older data, from its disk or as a replica that missed the last writes and was made the master, is another server
 *   process, which calls itself by another run id. Permits and values name the process that kept them, and are nothing to any other. Where Redis
 *   does not let us read its run id, the lifetime alone bounds how long a lost deletion can be felt.
 * - Loads are shared within this process only by those to whom Redis gave the same permit, thus with no invalidation between them.
 *
 * What is left: a master that was replaced and does not know it yet, because it is cut off from the others. Who still talks to it alone is not told
 * what the others are, until its values have lived out.
 */
export function redisCache(connection: RedisConnection, options: RedisCacheOptions = {}): Cache {
  const { name = 'lading:cache', lifetimeMs = 10_000, patienceMs = 250, pauseMs = 1000 } = options
  const circuit = createCircuit(pauseMs)
  const flights = createFlights<string>((begun, now) => begun === now)
  const entry = (key: string): string => `${name}:${key}`

  async function ask(key: string): Promise<[string] | [null, string, number] | undefined> {
    if (!connection.isUp()) return undefined
    const args = [entry(key), lifetimeMs, randomUUID()]
    const answer = await circuit.attempt(() => connection.run(lookupScript, args, patienceMs))
    return answer as [string] | [null, string, number] | undefined
  }

  async function fill(key: string, { permit, givenAt }: Permit, load: () => Promise<string | undefined>) {
    const value = await load()
    if (value === undefined || !connection.isUp()) return value
    const args = [entry(key), lifetimeMs, permit, givenAt, value]
    await circuit.attempt(() => connection.run(storeScript, args, patienceMs))
    return value
  }

  /** Those of the keys that Redis could not be told of. */
  async function untold(keys: readonly string[]): Promise<string[]> {
    const failed: string[] = []
    for (let from = 0; from < keys.length; from += batch) {
      if (failed.length > 0) return [...failed, ...keys.slice(from)]
      const tell = async (key: string): Promise<void> => {
        await connection.run(forgetScript, [entry(key)]).catch(() => failed.push(key))
      }
      await Promise.all(keys.slice(from, from + batch).map(tell))
    }
    return failed
  }

  return {
    async lookup(key, load) {
      const answer = await ask(key)
      if (answer === undefined) return load()
      const [value, permit, givenAt] = answer
      if (value !== null) return value
      return flights.share(key, permit, () => fill(key, { permit, givenAt }, load))
    },

    async invalidate(keys) {
      const restMs = outlasting(lifetimeMs)
      for (let left = await untold(keys); left.length > 0 && restMs() > 0; left = await untold(left)) {
        await sleep(Math.min(retryMs, Math.max(1, restMs())))
      }
    },
  }
}
