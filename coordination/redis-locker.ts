// Locks among all processes that share a Redis; among the requests of this one alone while Redis is out of reach.
import { inProcessLocker } from './in-process.ts'
import type { Lock, Locker } from './locker.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLockTickets, type SharedHold } from './redis-lock-tickets.ts'

export interface RedisLocker extends Locker {
  /** Gives up all that this process holds in Redis or waits for there, so that nobody has to wait for the end of its lease. */
  close(): Promise<void>
}

export interface RedisLockerOptions {
  /** Those who give the same name share the locks. */
  name?: string
  /** How long the locks of a process of which nothing is heard are kept. */
  leaseMs?: number
  renewMs?: number
  /** How often those who wait ask, in case nobody could tell them. */
  pollMs?: number
  /** How long Redis may be away before locks are granted without it. */
  graceMs?: number
  /** Redis is out of reach: told once, until it is back. */
  onTrouble?: (message: string) => void
  onRecovery?: () => void
}

/**
 * What Redis grants is then held in this process too. That costs nothing, since nobody else of this process can hold it; but once Redis is away and
 * locks are granted without it, it keeps them from those who got theirs before. Who waits for Redis holds nothing in this process, so there is no
 * waiting in a circle.
 *
 * A lock that was granted without Redis excludes only this process for as long as it is held, also after Redis is back, and counts as not lost:
 * refusing to work then would make Redis more than a help. The storage's own comparison protects what is written.
 */
export function redisLocker(connection: RedisConnection, options: RedisLockerOptions = {}): RedisLocker {
  const { name = 'lading:locks', leaseMs = 10_000, renewMs = 3000, pollMs = 500, graceMs = 1000 } = options
  const { onTrouble = () => {}, onRecovery = () => {} } = options
  const near = inProcessLocker()
  const far = redisLockTickets(connection, { name, leaseMs, renewMs, pollMs, graceMs, onTrouble, onRecovery })

  return {
    async acquire(keys) {
      const distinct = [...new Set(keys)]
      const hold = distinct.length === 0 ? undefined : await far.acquire(distinct)
      return both(await near.acquire(distinct), hold)
    },

    async tryAcquire(key) {
      const hold = await far.tryAcquire(key)
      if (hold === 'refused') return undefined
      const lock = await near.tryAcquire(key)
      if (lock !== undefined) return both(lock, hold)
      hold?.release()
      return undefined
    },

    close: () => far.close(),
  }
}

function both(lock: Lock, hold: SharedHold | undefined): Lock {
  return {
    release() {
      lock.release()
      hold?.release()
    },
    isLost: () => hold?.isLost() ?? false,
  }
}
