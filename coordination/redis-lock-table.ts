// The lock table of in-process.ts kept in Redis: a queue per key, and tickets that join all their queues in one step.
import type { RedisConnection } from './redis-connection.ts'
import { lockScript } from './redis-lock-script.ts'

/** How a ticket stands: granted, or behind others at so many of its keys, or not there. */
export type Standing = 'granted' | 'waiting' | 'gone'

export interface RedisLockTable {
  /** Asked again, the ticket keeps its place. */
  request(ticket: string, keys: readonly string[]): Promise<Standing>
  /** Grants the key when nobody holds it and nobody waits for it. Asked again, what was granted stays granted. */
  tryRequest(ticket: string, key: string): Promise<boolean>
  release(ticket: string): Promise<void>
  /**
   * Keeps this owner alive for another lease, and gives up those of its tickets that are not among `tickets`: releases that were lost, and
   * requests that came too late. Says how each ticket stands.
   */
  renew(tickets: readonly string[]): Promise<Standing[]>
  /** Gives up everything at once. */
  leave(): Promise<void>
  /** Calls back with each ticket that is granted while it waits, unless the message is lost, until the function that it returns is called. */
  onGranted(listener: (ticket: string) => void): () => void
}

export interface RedisLockTableOptions {
  /** The one key of Redis in which it all is: who shares it shares the locks. Being one, it is lost as a whole or not at all. */
  name: string
  /** Unique among all processes that ever were, and without spaces or colons. */
  owner: string
  /** For how long the tickets of an owner of whom nothing is heard are kept: a minute at most. */
  leaseMs: number
}

export function redisLockTable(
  connection: RedisConnection,
  { name, owner, leaseMs }: RedisLockTableOptions,
): RedisLockTable {
  const run = (operation: string, ...args: readonly string[]): Promise<unknown> =>
    connection.run(lockScript, [name, operation, owner, leaseMs, ...args])

  return {
    request: async (ticket, keys) => (await run('request', ticket, JSON.stringify(keys))) as Standing,
    tryRequest: async (ticket, key) => (await run('try', ticket, key)) === 'granted',
    release: async (ticket) => void (await run('release', ticket)),
    renew: async (tickets) => (await run('renew', ...tickets)) as Standing[],
    leave: async () => void (await run('leave')),
    onGranted: (listener) => connection.subscribe(`${name}:${owner}`, listener),
  }
}
