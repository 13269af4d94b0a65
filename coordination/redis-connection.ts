// The connection to Redis that the caches and lockers of one process share: every wait on it is bounded, and it comes back by itself.
import { createClient, defaultCommandTimeoutMs, defaultConnectTimeoutMs } from './redis-client.ts'
import type { RedisClient, RedisSettings } from './redis-client.ts'
import { redisSubscriptions } from './redis-subscriptions.ts'

/** Work that Redis does in one step. All keys that it touches are named, so that a cluster knows where to send it. */
export interface RedisScript {
  readonly name: string
  readonly numberOfKeys: number
  readonly lua: string
}

export interface RedisConnection {
  /** Whether commands can be sent. Whether they are answered is known only by sending them. */
  isUp(): boolean

  /** Why it is not up, as far as is known. */
  trouble(): string | undefined

  /**
   * Runs the script on its keys and arguments; scripts arrive in the order in which they were sent as long as the connection holds. Rejects at
   * once while it is not up, and otherwise in bounded time. A script whose answer did not come may have run, or run yet.
   */
  run(script: RedisScript, args: readonly (string | number)[], withinMs?: number): Promise<unknown>

  /** Calls back with each message on the channel until the function that it returns is called. Messages can be lost. */
  subscribe(channel: string, listener: (message: string) => void): () => void

  /** Calls back each time it has come up, until the function that it returns is called. */
  onUp(listener: () => void): () => void

  /** For ever. What is unanswered is not waited for. */
  close(): void
}

/** ioredis gives up for ever on what it takes for a mistake, such as a certificate that cannot be read. */
const startOverMs = 2000
const lostMessage = 'the connection was lost'
/** How ioredis says it, in words that speak of our settings. */
const lostWords = /MaxRetriesPerRequestError|enableOfflineQueue|Connection is closed/

/** Resolves when it is up, or when the time for connecting is over: it goes on trying then, and that it is down is no reason not to serve. */
export async function connectRedis(settings: RedisSettings): Promise<RedisConnection> {
  const { commandTimeoutMs = defaultCommandTimeoutMs, connectTimeoutMs = defaultConnectTimeoutMs } = settings
  const client = await createClient(settings)
  const upListeners = new Set<() => void>()
  let whyDown = 'not connected yet'
  let isClosed = false

  const subscriptions = redisSubscriptions(client)
  const failed = (error: Error): void => void (whyDown = error.message)
  const startOver = (): void => void (isClosed || client.connect().catch(failed))
  for (const event of ['error', 'sentinelError']) client.on(event, failed)
  client.on('end', () => setTimeout(startOver, startOverMs).unref())
  client.on('ready', () => {
    // Unless it hears of another reason.
    whyDown = lostMessage
    for (const listener of upListeners) listener()
  })

  const isUp = (): boolean => client.status === 'ready'
  await firstUp(client, connectTimeoutMs)

  return {
    isUp,
    trouble: () => (isUp() ? undefined : whyDown),

    async run(script, args, withinMs = commandTimeoutMs) {
      if (!isUp()) throw new Error(whyDown)
      return inTime(Math.min(withinMs, commandTimeoutMs), send(client, script, args))
    },

    subscribe: (channel, listener) => subscriptions.add(channel, listener),

    onUp(listener) {
      upListeners.add(listener)
      return () => void upListeners.delete(listener)
    },

    close() {
      isClosed = true
      subscriptions.close()
      client.disconnect()
    },
  }
}

type Args = readonly (string | number)[]
type Command = (...args: Args) => Promise<unknown>

/** A defined command brings its text along on each new connection: no round trip that others could overtake. */
async function send(client: RedisClient, script: RedisScript, args: Args): Promise<unknown> {
  const { name, ...definition } = script
  const commands = client as unknown as Record<string, Command>
  const command = `run ${name}`
  if (commands[command] === undefined) client.defineCommand(command, definition)
  try {
    return await (commands[command] as Command)(...args)
  } catch (error) {
    throw lostWords.test(String(error)) ? new Error(lostMessage, { cause: error }) : error
  }
}

/** Who was busy for too long finds the time over and the answer there: the answer is looked at first. */
function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no answer within ${ms} ms`))
    const timer = setTimeout(() => setImmediate(late), ms)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function firstUp(client: RedisClient, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs)
    client.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
