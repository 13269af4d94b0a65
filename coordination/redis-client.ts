// Makes the ioredis client that the settings describe: of one server, of the master that sentinels know, or of a cluster.
import type { Cluster, Redis } from 'ioredis'

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

export interface RedisAccount {
  readonly username?: string | undefined
  readonly password?: string | undefined
}

export interface RedisTls {
  /** Who may have signed the server's certificate; the system's authorities without it. */
  readonly ca?: readonly Buffer[] | undefined
  /** This client's own certificate. */
  readonly cert?: Buffer | undefined
  readonly key?: Buffer | undefined
}

export interface RedisSettings {
  /** With `master` these are sentinels; otherwise one is the server, and several are nodes of a cluster. */
  readonly servers: readonly RedisAddress[]
  readonly master?: string | undefined
  readonly account?: RedisAccount | undefined
  readonly sentinelAccount?: RedisAccount | undefined
  /** A cluster has none but 0. */
  readonly db?: number | undefined
  /** Of servers, nodes and sentinels alike. */
  readonly tls?: RedisTls | undefined
  readonly protocol?: 2 | 3 | undefined
  /** What connections are called in the server's list of clients. */
  readonly connectionName?: string | undefined
  /** What the server is told of the library: nothing when false, or with a text added to its name. */
  readonly identity?: false | string | undefined
  readonly connectTimeoutMs?: number | undefined
  readonly commandTimeoutMs?: number | undefined
  /** The pause before connecting again grows from one to the other. */
  readonly minRetryMs?: number | undefined
  readonly maxRetryMs?: number | undefined
  /** In a cluster. */
  readonly maxRedirects?: number | undefined
}

export type RedisClient = Redis | Cluster

export const defaultConnectTimeoutMs = 2000
export const defaultCommandTimeoutMs = 1000
const defaultMinRetryMs = 50
const defaultMaxRetryMs = 2000
/** A connection on which answers are missing for so long is given up: its other end may be gone without a word. */
const deadAfterMs = 3000

/** Begins to connect, and never stops trying. ioredis is loaded by whoever has a Redis, and by nobody else. */
export async function createClient(settings: RedisSettings): Promise<RedisClient> {
  const ioredis = await import('ioredis')
  const { servers, master, tls } = settings
  const retryDelay = retryDelayOf(settings)
  if (master !== undefined) {
    const { sentinelAccount } = settings
    return new ioredis.Redis({
      ...commonOptions(settings),
      retryStrategy: retryDelay,
      enableOfflineQueue: false,
      name: master,
      sentinels: servers.map(({ host, port }) => ({ host, port })),
      sentinelUsername: sentinelAccount?.username,
      sentinelPassword: sentinelAccount?.password,
      // Without it, the client ends for ever once no sentinel could be reached.
      sentinelRetryStrategy: retryDelay,
      ...(tls === undefined ? {} : { sentinelTLS: tlsOptions(tls), enableTLSForSentinelMode: true }),
    })
  }
  if (servers.length > 1) {
    return new ioredis.Cluster([...servers], {
      redisOptions: commonOptions(settings),
      clusterRetryStrategy: retryDelay,
      maxRedirections: settings.maxRedirects ?? 3,
      // Nodes are connected to when first used: what is asked of them meanwhile has to wait. Who asks, asks only while the cluster is up.
      enableOfflineQueue: true,
      // Certificates are made for names: ioredis would look up their addresses and compare with those.
      ...(tls === undefined ? {} : { dnsLookup: (name, found) => found(null, name) }),
    })
  }
  return new ioredis.Redis({
    ...commonOptions(settings),
    ...servers[0],
    retryStrategy: retryDelay,
    enableOfflineQueue: false,
  })
}

function commonOptions(settings: RedisSettings) {
  const { account, tls, identity, commandTimeoutMs = defaultCommandTimeoutMs } = settings
  return {
    ...account,
    db: settings.db ?? 0,
    protocol: settings.protocol ?? 3,
    connectionName: settings.connectionName,
    disableClientInfo: identity === false,
    clientInfoTag: identity === false ? undefined : identity,
    connectTimeout: settings.connectTimeoutMs ?? defaultConnectTimeoutMs,
    disconnectTimeout: 500,
    socketTimeout: Math.max(deadAfterMs, 2 * commandTimeoutMs),
    // What a lost connection left unanswered fails at once. Nothing is sent twice, much less later: whoever asked has gone on by then.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A master that was made a replica refuses writes; connecting anew finds the master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
  }
}

function tlsOptions({ ca, cert, key }: RedisTls) {
  return { ca: ca === undefined ? undefined : [...ca], cert, key }
}

/** Doubling, with a quarter left to chance so that replicas do not all come at once. */
function retryDelayOf({ minRetryMs = defaultMinRetryMs, maxRetryMs = defaultMaxRetryMs }: RedisSettings) {
  return (attempt: number): number => {
    const delay = Math.min(maxRetryMs, minRetryMs * 2 ** Math.min(attempt - 1, 20))
    return Math.ceil(delay * (0.75 + Math.random() / 4))
  }
}
