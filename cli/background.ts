// Work beside the requests, done by one process for all: health checks, the purge of expired uploads, the operators' server.
import type { Locker } from '../coordination/locker.ts'
import { purgeExpiredUploads } from '../gc/expired-uploads.ts'
import type { Log } from '../registry/log.ts'
import { createDebugApp, type Figures } from '../server/debug.ts'
import type { Health } from '../server/health.ts'
import { createHttpServer } from '../server/http-server.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { composeRegistry } from './compose.ts'
import { debugAddress } from './config/listen-address.ts'
import type { Configuration } from './config/schema.ts'
import { startHealthChecks } from './health-checks.ts'

const hourMs = 60 * 60 * 1000

export interface BackgroundParts {
  driver: StorageDriver
  locker: Locker
  log: Log
  health: Health
  figures: Figures | undefined
}

/** Rejects when the operators' server cannot listen. The returned function stops everything. */
export async function startBackground(configuration: Configuration, parts: BackgroundParts): Promise<() => void> {
  const stopChecks = startHealthChecks(configuration, parts.driver, parts.health)
  const stopPurging = startPurging(configuration, parts)
  await startDebugServer(configuration, parts)
  return () => {
    stopChecks()
    stopPurging()
  }
}

/** Replicas that start together do not all begin at once. */
function startPurging(configuration: Configuration, parts: BackgroundParts): () => void {
  const { uploadpurging, readonly } = configuration.storage.maintenance
  if (!uploadpurging.enabled || readonly.enabled) return () => {}
  const { repositories } = composeRegistry(configuration, parts)
  const purge = async (): Promise<void> => {
    try {
      const options = { ageMs: uploadpurging.age, dryRun: uploadpurging.dryrun }
      const purged = await purgeExpiredUploads({ ...parts, repositories, now: Date.now }, options)
      parts.log.info({ purged, dryRun: uploadpurging.dryrun }, 'expired uploads were purged')
    } catch (error) {
      parts.log.error({ error: String(error) }, 'expired uploads could not be purged')
    }
  }
  let timer: NodeJS.Timeout
  const next = (delayMs: number): void => {
    timer = setTimeout(() => void purge().then(() => next(uploadpurging.interval)), delayMs)
    timer.unref()
  }
  next(Math.random() * Math.min(hourMs, uploadpurging.interval))
  return () => clearTimeout(timer)
}

async function startDebugServer(
  configuration: Configuration,
  { health, figures, log }: BackgroundParts,
): Promise<void> {
  const address = debugAddress(configuration)
  if (address === undefined) return
  const { http } = configuration
  const app = createDebugApp({ health, figures, metricsPath: http.debug.prometheus.path })
  const server = createHttpServer(
    app.callback(),
    {
      idleTimeoutMs: http.idletimeout,
      keepAliveTimeoutMs: http.keepalivetimeout,
      maxHeaderBytes: http.maxheaderbytes,
      tls: undefined,
    },
    log,
  )
  await server.listen(address)
  log.info({ address: http.debug.addr }, 'debug server is listening')
}
