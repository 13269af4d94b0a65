// The HTTP edge: the whole middleware stack in one screen. Knows Koa and the wire format; knows no storage.
import Koa from 'koa'
import type { Log } from '../registry/log.ts'
import type { Registry } from '../registry/registry.ts'
import type { Addresses } from './addresses.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'
import { allowOrigins } from './middleware/cross-origin.ts'
import { renderErrors } from './middleware/errors.ts'
import { addFixedHeaders } from './middleware/fixed-headers.ts'
import { logRequests } from './middleware/request-log.ts'
import { probeRoutes } from './probes.ts'
import { routeTable, serveV2, type RouteOptions } from './routes.ts'

export interface AppServices {
  registry: Registry
  addresses: Addresses
  health: Health
  /** What the storage keeps of its promises, where that was found out. */
  guarantees?: Readonly<Record<string, string>> | undefined
  log: Log
  /** Takes one line of the access log; absent when there is none. */
  writeAccess: ((line: string) => void) | undefined
  logsRequests: boolean
  /** Absent when nobody asks for metrics: they cost a few microseconds per request. */
  metrics: Metrics | undefined
}

export interface AppOptions extends RouteOptions {
  headers: Record<string, readonly string[]>
  warnings: readonly string[]
  corsOrigins: readonly string[]
}

export function createApp(services: AppServices, options: AppOptions): Koa {
  const { registry, addresses, health, guarantees, log, metrics } = services
  const app = new Koa()
  app.silent = true
  // Faults were reported where they happened; what is left are clients that went away.
  app.on('error', (error: Error) => log.debug({ error: error.message }, 'answer could not be sent'))

  app.use(logRequests(services))
  if (metrics !== undefined) app.use(metrics.middleware)
  app.use(renderErrors(log))
  app.use(addFixedHeaders(options.headers, options.warnings))
  if (options.corsOrigins.length > 0) app.use(allowOrigins(options.corsOrigins))
  app.use(serveV2(routeTable(registry, addresses, options), { prefix: addresses.prefix, health }))
  app.use(probeRoutes(health, guarantees).routes())
  return app
}
