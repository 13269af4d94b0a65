// The channels that a process listens to, on a connection of their own that is made once there are any.
import type { Cluster, Redis } from 'ioredis'
import type { RedisClient } from './redis-client.ts'

export interface RedisSubscriptions {
  add(channel: string, listener: (message: string) => void): () => void
  close(): void
}

/** Nobody waits for an answer on this connection, so it is asked whether it is still there. */
const pingMs = 5000
const reopenMs = 500

export function redisSubscriptions(client: RedisClient): RedisSubscriptions {
  const listeners = new Map<string, (message: string) => void>()
  let subscriber: Redis | undefined
  let pings: NodeJS.Timeout | undefined
  let isClosed = false

  function ping(): void {
    if (subscriber?.status === 'ready') subscriber.ping().catch(() => {})
  }

  // Who may not subscribe does without: messages are never promised.
  function subscribe(...channels: readonly string[]): void {
    if (subscriber?.status === 'ready' && channels.length > 0) subscriber.subscribe(...channels).catch(() => {})
  }

  function open(): void {
    if (isClosed) return
    const made = connectionBeside(client)
    subscriber = made
    // What is wrong is heard of from the client.
    made?.on('error', () => {})
    made?.on('ready', () => subscribe(...listeners.keys()))
    made?.on('message', (channel: string, message: string) => listeners.get(channel)?.(message))
    if (made === undefined) openLater()
    else made.once('end', openLater)
  }

  function openLater(): void {
    setTimeout(open, reopenMs).unref()
  }

  return {
    add(channel, listener) {
      listeners.set(channel, listener)
      if (pings === undefined) open()
      pings ??= setInterval(ping, pingMs).unref()
      subscribe(channel)
      return () => {
        listeners.delete(channel)
        if (subscriber?.status === 'ready') subscriber.unsubscribe(channel).catch(() => {})
      }
    },

    close() {
      isClosed = true
      clearInterval(pings)
      subscriber?.disconnect()
    },
  }
}

/**
 * In a cluster, to any node of those that are known at the moment: each hears what is said to all. The one that ioredis has for it goes from node to
 * node without a pause when they are away.
 */
function connectionBeside(client: RedisClient): Redis | undefined {
  if (!client.isCluster) return (client as Redis).duplicate({ autoResubscribe: false })
  const nodes = (client as Cluster).nodes()
  const node = nodes[Math.floor(Math.random() * nodes.length)]
  const anew = { autoResubscribe: false, retryStrategy: null, lazyConnect: false, enableOfflineQueue: false }
  return node?.duplicate({ ...anew, readOnly: false })
}
