// The tickets that this process has in Redis: asked for, kept alive, looked after when answers are lost, and given up when Redis is away.
import { randomUUID } from 'node:crypto'
import { stopwatch } from './elapsed.ts'
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
  readonly settle: (hold: SharedHold | undefined) => void
}

/** The part of the lease before whose end locks are no longer relied on. Redis may have shortened it by half as much. */
const caution = 0.1
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
  /** Since before the last call that renewed the lease was sent. */
  let leaseAgeMs = (): number => Infinity
  let lastId = 0
  let isClosed = false
  let isRenewing = false
  let timer: NodeJS.Timeout | undefined
  let dueAt = Infinity

  const mayBeLost = (): boolean => leaseAgeMs() >= leaseMs * (1 - caution)

  /** Renews within `ms`. */
  function wake(ms: number): void {
    if (isClosed || performance.now() + ms >= dueAt) return
    clearTimeout(timer)
    dueAt = performance.now() + ms
    timer = setTimeout(() => void renew(), ms).unref()
  }

  /** Every call to Redis goes through here: it tells whether Redis is there, and each one that is answered renews the lease. */
  async function ask<T>(call: () => Promise<T>): Promise<T> {
    const [askedAt, ageMs] = [performance.now(), stopwatch()]
    try {
      const answer = await call()
      if (ageMs() < leaseAgeMs()) leaseAgeMs = ageMs
      reach.answered()
      return answer
    } catch (error) {
      reach.failed(error, askedAt)
      wake(retryMs)
      throw error
    }
  }

  async function renew(): Promise<void> {
    dueAt = Infinity
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
      if (reach.isFailing()) wake(retryMs)
      else if ([...tickets.values()].some(({ state }) => state === 'asked')) wake(pollMs)
      else if (tickets.size > 0) wake(renewMs)
    }
  }

  function stands(ticket: Ticket, standing: Standing): void {
    if (tickets.get(ticket.id) !== ticket) return
    if (standing === 'gone' && ticket.state !== 'asked') ticket.state = 'lost'
    // Who tries asks by itself.
    else if (ticket.isTry) return
    else if (standing === 'granted') granted(ticket)
    else if (standing === 'waiting') wake(pollMs)
    else void request(ticket)
  }

  async function request(ticket: Ticket): Promise<void> {
    wake(renewMs)
    try {
      stands(ticket, await ask(() => table.request(ticket.id, ticket.keys)))
    } catch {
      // Whether it arrived is asked when Redis answers again.
    }
  }

  function granted(ticket: Ticket): void {
    if (ticket.state !== 'asked') return
    // Old news: who was away for so long may have lost again what was granted.
    if (mayBeLost()) return wake(0)
    ticket.state = 'held'
    ticket.settle(holdOf(ticket))
  }

  function holdOf(ticket: Ticket): SharedHold {
    return {
      release() {
        if (!tickets.delete(ticket.id) || reach.isDown() || isClosed) return
        ask(() => table.release(ticket.id)).catch(() => {})
      },
      isLost: () => ticket.state === 'lost' || mayBeLost(),
    }
  }

  function enter(keys: readonly string[], isTry: boolean, settle: Ticket['settle'] = () => {}): Ticket {
    const ticket: Ticket = { id: `${owner}:${++lastId}`, keys, isTry, state: 'asked', settle }
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
      const isGranted = await ask(() => table.tryRequest(ticket.id, key))
      return isGranted && mayBeLost() ? undefined : isGranted
    } catch {
      return undefined
    }
  }

  const forget = [
    table.onGranted((id) => {
      const ticket = tickets.get(id)
      if (ticket !== undefined) stands(ticket, 'granted')
    }),
    connection.onUp(() => wake(0)),
  ]

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
          wake(renewMs)
          return holdOf(ticket)
        }
        return undefined
      } finally {
        if (ticket.state === 'asked') tickets.delete(ticket.id)
      }
    },

    async close() {
      isClosed = true
      clearTimeout(timer)
      forget.forEach((stop) => stop())
      giveUp('closed')
      await table.leave().catch(() => {})
    },
  }
}
