// What the configuration says of Redis, in the terms of coordination/redis-client.ts.
import fs from 'node:fs'
import {
  defaultCommandTimeoutMs,
  defaultConnectTimeoutMs,
  type RedisAccount,
  type RedisSettings,
  type RedisTls,
} from '../coordination/redis-client.ts'
import { parsePort } from './config/options/formats.ts'
import type { Configuration } from './config/schema.ts'

type RedisSection = NonNullable<Configuration['redis']>

/** Configurations that are in use say 10 ms: a Node process is sometimes busy for longer than that with other requests. */
const leastTimeoutMs = 250
/** Requests go on without Redis, so waiting for longer than that is worse than not to have it. */
const mostTimeoutMs = 5000
const leastRetryMs = 10
const mostRetryMs = 10_000

/** Undefined when no Redis is configured. Throws, with the option's name, when a file cannot be read. */
export function redisSettings({ redis }: Pick<Configuration, 'redis'>): RedisSettings | undefined {
  if (redis === undefined || redis.addrs.length === 0) return undefined
  const minRetryMs = within(redis.minretrybackoff, leastRetryMs, mostRetryMs)
  return {
    servers: redis.addrs.map(address),
    master: redis.mastername,
    account: account(redis.username, redis.password),
    sentinelAccount: account(redis.sentinelusername, redis.sentinelpassword),
    db: redis.db,
    tls: tls(redis.tls),
    protocol: redis.protocol === 2 ? 2 : 3,
    connectionName: redis.clientname,
    identity: redis.disableidentity ? false : redis.identitysuffix,
    connectTimeoutMs: within(redis.dialtimeout, leastTimeoutMs, mostTimeoutMs) ?? defaultConnectTimeoutMs,
    commandTimeoutMs: commandTimeoutMs(redis) ?? defaultCommandTimeoutMs,
    minRetryMs,
    maxRetryMs: within(redis.maxretrybackoff, minRetryMs ?? leastRetryMs, mostRetryMs),
    maxRedirects: Math.max(0, redis.maxredirects),
  }
}

function address(text: string): RedisSettings['servers'][number] {
  const { host = 'localhost', port } = parsePort(text) ?? { port: 6379 }
  return { host, port }
}

/** A name alone is no account: without a password nothing is said of who we are. */
function account(username: string | undefined, password: string | undefined): RedisAccount | undefined {
  if (password === undefined || password === '') return undefined
  return username === undefined || username === '' ? { password } : { username, password }
}

/** An answer takes sending and reading. */
function commandTimeoutMs({ readtimeout, writetimeout }: RedisSection): number | undefined {
  const given = [readtimeout, writetimeout].filter((timeout) => timeout !== undefined && timeout > 0) as number[]
  return given.length === 0 ? undefined : within(Math.max(...given), leastTimeoutMs, mostTimeoutMs)
}

/** Zero is the default, and what is negative would be no time-out at all: there is always one. */
function within(milliseconds: number | undefined, least: number, most: number): number | undefined {
  if (milliseconds === undefined || milliseconds <= 0) return undefined
  return Math.min(most, Math.max(least, milliseconds))
}

function tls({ certificate, key, rootcas }: RedisSection['tls']): RedisTls | undefined {
  if (certificate === undefined && key === undefined && rootcas.length === 0) return undefined
  if ((certificate === undefined) !== (key === undefined)) {
    const [given, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key']
    throw new Error(`redis.tls.${given} is of no use without redis.tls.${missing}. Give both, or neither.`)
  }
  return {
    cert: certificate === undefined ? undefined : read('certificate', certificate),
    key: key === undefined ? undefined : read('key', key),
    ca: rootcas.length === 0 ? undefined : rootcas.map((file) => read('rootcas', file)),
  }
}

function read(option: string, file: string): Buffer {
  try {
    return fs.readFileSync(file)
  } catch (error) {
    throw new Error(`redis.tls.${option} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
}
