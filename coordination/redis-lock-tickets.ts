// The tickets that this process has in Redis: asked for, kept alive, looked after when answers are lost, and given up when Redis is away.
import { randomUUID } from 'node:crypto'
import { createAlarm } from './alarm.ts'
import { stopwatch } from './elapsed.ts'
import { createLease } from './lease.ts'
import { createReach } from './reach.ts'
import type { RedisConnection } from './redis-connection.ts'
import { redisLockTable, type Standing } from './redis-lock-table.ts'

/** A ticket that was granted. */
export interface SharedHold {
  release(): void
  isLost(): boolean
}

export interface RedisLockTickets {
  /** Undefined when Redis is out of reach. What is asked for in one turn arrives in that order. */
  acquire(keys: readonly string[]): Promise<SharedHold | undefined>
  tryAcquire(key: string): Promise<SharedHold | 'refused' | undefined>
  /** Everything is given up, and Redis is out of reach from now on. */
  close(): Promise<void>
}

export interface RedisLockTicketsOptions {
  name: string
  leaseMs: number
  renewMs: number
  pollMs: number
  graceMs: number
  onTrouble: (message: string) => void
  onRecovery: () => void
}

interface Ticket {
  readonly id: string
  readonly keys: readonly string[]
  readonly isTry: boolean
  state: 'asked' | 'held' | 'lost'
  /** In which era of the lease Redis last said how it stands; undefined while it does not have it. */
  era: number | undefined
  readonly settle: (hold: SharedHold | undefined) => void
}

const retryMs = 200

/**
 * Every so often all tickets are told to Redis, which gives up what is not among them and says how each stands. So nothing has to be kept in mind
 * when an answer is lost: a release that did not arrive, a request that arrived too late, a grant of which nobody heard.
 */
export function redisLockTickets(connection: RedisConnection, options: RedisLockTicketsOptions): RedisLockTickets {
  const { name, leaseMs, renewMs, pollMs, graceMs } = options
  const owner = randomUUID()
  const table = redisLockTable(connection, { name, owner, leaseMs })
  const tickets = new Map<string, Ticket>()
  const reach = createReach({ graceMs, onDown: giveUp, onUp: options.onRecovery })
  const lease = createLease(leaseMs)
  let lastId = 0
  let isClosed = false
  let isRenewing = false
  const renewal = createAlarm(() => void renew())

  /** Every call to Redis goes through here: it tells whether Redis is there, and each one that is answered renews the lease. */
  async function ask<T>(call: () => Promise<T>): Promise<T> {
    const [askedAt, ageMs] = [performance.now(), stopwatch()]
    const answer = await call().catch((error: unknown) => {
      reach.failed(error, askedAt)
      renewal.within(retryMs)
      throw error
    })
    lease.renewed(ageMs)
    reach.answered()
    // Who was away meanwhile may have lost again what the answer grants, and may have lost what it held before.
    const isLate = lease.isOver(ageMs)
    if (isLate || [...tickets.values()].some(({ era = lease.era() }) => era !== lease.era())) renewal.within(0)
    if (isLate) throw new Error('the answer came too late')
    return answer
  }

  async function renew(): Promise<void> {
    if (isRenewing || isClosed) return
    isRenewing = true
    try {
      const told = [...tickets.values()]
      const standings = await ask(() => table.renew(told.map(({ id }) => id)))
      told.forEach((ticket, index) => stands(ticket, standings[index] ?? 'gone'))
    } catch {
      // Tried again soon.
    } finally {
      isRenewing = false
      if (reach.isFailing()) renewal.within(retryMs)
      else if ([...tickets.values()].some(({ state }) => state === 'asked')) renewal.within(pollMs)
      else if (tickets.size > 0) renewal.within(renewMs)
    }
  }

  function stands(ticket: Ticket, standing: Standing): void {
    if (tickets.get(ticket.id) !== ticket) return
    if (standing === 'gone' && ticket.state === 'held') ticket.state = 'lost'
    // A message about what Redis has forgotten is older than that.
    ticket.era = standing === 'gone' && ticket.state === 'asked' ? undefined : lease.era()
    // Who tries asks by itself.
    if (ticket.state !== 'asked' || ticket.isTry) return
    if (standing === 'granted') grant(ticket)
    else if (standing === 'waiting') renewal.within(pollMs)
    else void request(ticket)
  }

  async function request(ticket: Ticket): Promise<void> {
    renewal.within(renewMs)
    try {
      stands(ticket, await ask(() => table.request(ticket.id, ticket.keys)))
    } catch {
      // Whether it arrived is asked when Redis answers again.
    }
  }

  function grant(ticket: Ticket): void {
    ticket.state = 'held'
    ticket.settle(holdOf(ticket))
  }

  /** Said without having been asked, and perhaps long ago. */
  function hear(id: string): void {
    const ticket = tickets.get(id)
    if (ticket?.state !== 'asked' || ticket.isTry) return
    if (ticket.era === lease.era() && !lease.isOver()) grant(ticket)
    else renewal.within(0)
  }

  function holdOf(ticket: Ticket): SharedHold {
    return {
      release() {
        if (!tickets.delete(ticket.id) || reach.isDown() || isClosed) return
        ask(() => table.release(ticket.id)).catch(() => {})
      },
      isLost: () => ticket.state === 'lost' || ticket.era !== lease.era() || lease.isOver(),
    }
  }

  function enter(keys: readonly string[], isTry: boolean, settle: Ticket['settle'] = () => {}): Ticket {
    const ticket: Ticket = { id: `${owner}:${++lastId}`, keys, isTry, state: 'asked', era: undefined, settle }
    tickets.set(ticket.id, ticket)
    return ticket
  }

  function giveUp(message: string): void {
    for (const ticket of [...tickets.values()].filter(({ state, isTry }) => state === 'asked' && !isTry)) {
      tickets.delete(ticket.id)
      ticket.settle(undefined)
    }
    if (!isClosed) options.onTrouble(message)
  }

  const isAway = (): boolean => isClosed || reach.isDown()

  async function isTryGranted(ticket: Ticket, key: string): Promise<boolean | undefined> {
    try {
      return await ask(() => table.tryRequest(ticket.id, key))
    } catch {
      return undefined
    }
  }

  const forget = [table.onGranted(hear), connection.onUp(() => renewal.within(0))]

  return {
    acquire(keys) {
      if (isAway()) return Promise.resolve(undefined)
      return new Promise((resolve) => void request(enter(keys, false, resolve)))
    },

    async tryAcquire(key) {
      if (isAway()) return undefined
      const ticket = enter([key], true)
      try {
        for (; !isAway(); await reach.settled()) {
          const isGranted = await isTryGranted(ticket, key)
          if (isGranted === undefined) continue
          if (!isGranted) return 'refused'
          ticket.state = 'held'
          ticket.era = lease.era()
          renewal.within(renewMs)
          return holdOf(ticket)
        }
        return undefined
      } finally {
        if (ticket.state === 'asked') tickets.delete(ticket.id)
      }
    },

    async close() {
      isClosed = true
      renewal.stop()
      forget.forEach((stop) => stop())
      giveUp('closed')
      await table.leave().catch(() => {})
    },
  }
}
