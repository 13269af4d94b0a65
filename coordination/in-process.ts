// Locks among the requests of one process.
import type { Lock, Locker } from './locker.ts'

export function inProcessLocker(table: LockTable = lockTable()): Locker {
  return {
    async acquire(keys) {
      return new Promise<Lock>((resolve) => {
        const ticket = table.request(keys, () => resolve({ release: () => table.release(ticket) }))
      })
    },

    async tryAcquire(key) {
      if (table.isHeld(key)) return undefined
      const ticket = table.request([key], () => {})
      return { release: () => table.release(ticket) }
    },
  }
}

/** One request for a set of keys. */
export interface Ticket {
  readonly keys: readonly string[]
  /** How many of the keys it does not head the queue of. */
  waitingFor: number
  readonly granted: () => void
}

export interface LockTable {
  /** Calls `granted` once the ticket heads the queues of all its keys: before this returns when nobody holds them. */
  request(keys: readonly string[], granted: () => void): Ticket
  /** Gives up the ticket, granted or still waiting. */
  release(ticket: Ticket): void
  isHeld(key: string): boolean
}

/** A queue per key. A ticket joins all its queues in one step, so two tickets never wait for each other. */
export function lockTable(): LockTable {
  const queues = new Map<string, Ticket[]>()

  function advance(ticket: Ticket | undefined): void {
    if (ticket === undefined) return
    ticket.waitingFor--
    if (ticket.waitingFor === 0) ticket.granted()
  }

  return {
    request(keys, granted) {
      const distinct = [...new Set(keys)]
      const ticket: Ticket = { keys: distinct, waitingFor: 0, granted }
      for (const key of distinct) {
        const queue = queues.get(key)
        if (queue === undefined) queues.set(key, [ticket])
        else {
          queue.push(ticket)
          ticket.waitingFor++
        }
      }
      if (ticket.waitingFor === 0) granted()
      return ticket
    },

    release(ticket) {
      for (const key of ticket.keys) {
        const queue = queues.get(key)
        const position = queue?.indexOf(ticket) ?? -1
        if (queue === undefined || position < 0) continue
        queue.splice(position, 1)
        if (queue.length === 0) queues.delete(key)
        else if (position === 0) advance(queue[0])
      }
    },

    isHeld: (key) => queues.has(key),
  }
}
