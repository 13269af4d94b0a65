// What replicas and workers share besides storage: the locks, and what is remembered of repositories.
import { createHash } from 'node:crypto'
import { inProcessCache } from '../coordination/in-process-cache.ts'
import { inProcessLocker } from '../coordination/in-process.ts'
import type { Cache } from '../coordination/cache.ts'
import type { Locker } from '../coordination/locker.ts'
import type { RedisConnection } from '../coordination/redis-connection.ts'
import type { Log } from '../registry/log.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { Configuration } from './config/schema.ts'
import { redisSettings } from './redis.ts'
import { becomeSoleReplica } from './sole-replica.ts'

/** A copy of another process lives on for so long after a delete, which therefore takes so long. */
const ownCacheLifetimeMs = 5000
const unlimitedEntries = 10_000_000

export interface Coordination {
  /** Among the replicas, as far as they share anything; undefined where they share no locks. */
  sharedLocker: Locker | undefined
  /** Undefined where looking costs no more than remembering, or the configuration wants none. */
  cache: Cache | undefined
  close(): Promise<void>
}

/**
 * Resolves also when Redis does not answer: it is only coordination. Rejects with a sentence for the operator where the storage cannot be shared
 * without it, and another replica does.
 */
export async function openCoordination(
  configuration: Configuration,
  { driver, log }: { driver: StorageDriver; log: Log },
): Promise<Coordination> {
  const connection = await connect(configuration, log)
  const locker = connection && (await lockerOver(connection, { name: `${sharedName(configuration)}:locks`, log }))
  const leave =
    driver.isRemote && !driver.comparesAndSwaps && connection === undefined
      ? await becomeSoleReplica(driver)
      : undefined
  return {
    sharedLocker: locker,
    cache: driver.isRemote ? await cacheFor(configuration, connection) : undefined,
    async close() {
      await leave?.()
      await locker?.close()
      connection?.close()
    },
  }
}

/** For a process that holds no locks of its own: a worker. */
export async function openCache(
  configuration: Configuration,
  driver: StorageDriver,
  log: Log,
): Promise<Cache | undefined> {
  if (!driver.isRemote) return undefined
  const wantsRedis = configuration.storage.cache.blobdescriptor === 'redis'
  return cacheFor(configuration, wantsRedis ? await connect(configuration, log) : undefined)
}

/** The locks of a process that is alone on its machine. */
export function aloneLocker({ sharedLocker }: Coordination): Locker {
  return sharedLocker ?? inProcessLocker()
}

async function connect(configuration: Configuration, log: Log): Promise<RedisConnection | undefined> {
  const settings = redisSettings(configuration)
  if (settings === undefined) return undefined
  const { connectRedis } = await import('../coordination/redis-connection.ts')
  const connection = await connectRedis(settings)
  if (!connection.isUp()) log.warn({ reason: connection.trouble() }, 'redis is out of reach; going on without it')
  return connection
}

async function lockerOver(connection: RedisConnection, { name, log }: { name: string; log: Log }) {
  const { redisLocker } = await import('../coordination/redis-locker.ts')
  return redisLocker(connection, {
    name,
    onTrouble: (message) => log.warn({ reason: message }, 'redis is out of reach; locks hold within this machine only'),
    onRecovery: () => log.info({}, 'redis is back; locks hold among all replicas'),
  })
}

/** Of what is kept in Redis: registries on other storage may share the server, and nothing else. */
function sharedName({ storage }: Configuration): string {
  const { s3, filesystem } = storage
  const place = [s3?.regionendpoint, s3?.region, s3?.bucket, s3?.rootdirectory, filesystem?.rootdirectory]
  return `lading:${createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 12)}`
}

async function cacheFor(
  configuration: Configuration,
  connection: RedisConnection | undefined,
): Promise<Cache | undefined> {
  const { blobdescriptor, blobdescriptorsize } = configuration.storage.cache
  if (blobdescriptor === 'none') return undefined
  if (blobdescriptor === 'redis' && connection !== undefined) {
    const { redisCache } = await import('../coordination/redis-cache.ts')
    return redisCache(connection, { name: `${sharedName(configuration)}:cache` })
  }
  return inProcessCache({
    maxEntries: blobdescriptorsize === 0 ? unlimitedEntries : blobdescriptorsize,
    lifetimeMs: ownCacheLifetimeMs,
    // Nobody can know how many replicas there are.
    isAlone: () => false,
  })
}
