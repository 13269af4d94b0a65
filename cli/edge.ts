// A process that answers requests: alone, or as one of several workers.
import { createHealth, type Health } from '../server/health.ts'
import type { HttpServer } from '../server/http-server.ts'
import { createMetrics, type Metrics } from '../server/metrics.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { composeApp, composeHttpServer, composeRegistry, withMetrics, type SharedParts } from './compose.ts'
import { listenAddress } from './config/listen-address.ts'
import type { Configuration } from './config/schema.ts'
import { openAccessLog, type LogOutput } from './log.ts'

export interface EdgeStart extends SharedParts {
  log: LogOutput
}

export interface Edge {
  driver: StorageDriver
  health: Health
  metrics: Metrics | undefined
  log: LogOutput
  /** Fails readiness, waits http.readinessdelay, finishes running requests within http.draintimeout; `afterwards` comes before the storage is closed. */
  drain(afterwards?: () => Promise<void>): Promise<void>
}

/** Listens when it resolves. Rejects with a sentence for the operator. */
export async function startEdge(
  configuration: Configuration,
  { driver: plainDriver, locker, cache, log }: EdgeStart,
): Promise<Edge> {
  const { http } = configuration
  const access = configuration.log.accesslog.disabled ? undefined : openAccessLog()
  const metrics = http.debug.addr !== undefined && http.debug.prometheus.enabled ? createMetrics() : undefined
  const health = createHealth()
  const driver = withMetrics(plainDriver, metrics)
  const registry = composeRegistry(configuration, { driver, locker, cache, log })
  const { guarantees } = driver
  const parts = { driver, locker, log, registry, health, guarantees, metrics, writeAccess: access?.write }
  const server = composeHttpServer(configuration, composeApp(configuration, parts), log)
  await listen(configuration, server)

  return {
    driver,
    health,
    metrics,
    log,
    async drain(afterwards) {
      health.beginDrain()
      await new Promise((resolve) => setTimeout(resolve, http.readinessdelay))
      await server.drain(http.draintimeout)
      await afterwards?.()
      await driver.close()
      access?.flush()
      log.flush()
    },
  }
}

const listenTroubles: Record<string, string> = {
  EADDRINUSE: 'is in use by another process. Stop it, or choose another address with http.addr or REGISTRY_HTTP_ADDR.',
  EACCES: 'may not be listened on by this user. Choose a port above 1023 with http.addr or REGISTRY_HTTP_ADDR.',
  EADDRNOTAVAIL: 'is not an address of this machine. Correct http.addr.',
  ENOTFOUND: 'has a host name that cannot be resolved. Correct http.addr.',
}

async function listen(configuration: Configuration, server: HttpServer): Promise<void> {
  try {
    await server.listen(listenAddress(configuration))
  } catch (error) {
    const trouble = listenTroubles[(error as NodeJS.ErrnoException).code ?? '']
    if (trouble === undefined) throw error
    throw new Error(`http.addr: ${configuration.http.addr} ${trouble}`, { cause: error })
  }
}
