// Prometheus metrics under the names of CNCF distribution.
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  Histogram,
  Registry as MetricsRegistry,
  collectDefaultMetrics,
} from 'prom-client'
import type { Middleware } from 'koa'
import type { RoutedState } from './routes.ts'
import { sentBodyBytes } from './sent-bytes.ts'
import type { Resource } from './wire/v2-path.ts'

export interface Metrics {
  registry: MetricsRegistry
  /** Counts and times the requests of the registry's own routes. */
  middleware: Middleware<RoutedState>
  /** Times one call of a storage driver, in seconds. */
  observeStorage(driver: string, action: string, seconds: number): void
}

/** The handlers' names in CNCF distribution. */
const handlerOf: Record<Resource, string> = {
  base: 'base',
  catalog: 'catalog',
  tags: 'tags',
  manifest: 'manifest',
  blob: 'blob',
  uploads: 'blob_upload',
  upload: 'blob_upload_chunk',
  referrers: 'referrers',
}
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60]
const sizeBuckets = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]

export function createMetrics(): Metrics {
  const registry = new MetricsRegistry()
  // Lets the primary process ask this one for its figures.
  AggregatorRegistry.setRegistries([registry])
  workersFigures()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const byHandler = { labelNames: ['handler'], registers }
  const inFlight = new Gauge({
    name: 'registry_http_in_flight_requests',
    help: 'The in-flight HTTP requests',
    ...byHandler,
  })
  for (const handler of Object.values(handlerOf)) inFlight.set({ handler }, 0)
  const requests = new Counter({
    name: 'registry_http_requests_total',
    help: 'Total number of HTTP requests made.',
    labelNames: ['code', 'handler', 'method'],
    registers,
  })
  const duration = new Histogram({
    name: 'registry_http_request_duration_seconds',
    help: 'The HTTP request latencies in seconds.',
    labelNames: ['handler', 'method'],
    buckets: durationBuckets,
    registers,
  })
  const requestSize = new Histogram({
    name: 'registry_http_request_size_bytes',
    help: 'The HTTP request sizes in bytes.',
    buckets: sizeBuckets,
    ...byHandler,
  })
  const responseSize = new Histogram({
    name: 'registry_http_response_size_bytes',
    help: 'The HTTP response sizes in bytes.',
    buckets: sizeBuckets,
    ...byHandler,
  })
  const storage = new Histogram({
    name: 'registry_storage_action_seconds',
    help: 'The number of seconds that the storage action takes',
    labelNames: ['driver', 'action'],
    registers,
  })

  return {
    registry,

    async middleware(ctx, next) {
      const end = duration.startTimer()
      const writtenBefore = ctx.req.socket.bytesWritten
      ctx.state.onRouted = ({ resource }) => inFlight.inc({ handler: handlerOf[resource] })
      try {
        await next()
      } finally {
        const { target } = ctx.state
        if (target !== undefined) {
          const handler = handlerOf[target.resource]
          const method = ctx.method.toLowerCase()
          inFlight.dec({ handler })
          end({ handler, method })
          requests.inc({ code: String(ctx.res.statusCode), handler, method })
          requestSize.observe({ handler }, Number(ctx.req.headers['content-length'] ?? 0))
          responseSize.observe({ handler }, sentBodyBytes(ctx, writtenBefore))
        }
      }
    },

    observeStorage: (driver, action, seconds) => storage.observe({ driver, action }, seconds),
  }
}

/** The primary's view: the figures of all workers together. */
export function workersFigures(): { contentType: string; text(): Promise<string> } {
  const aggregator = new AggregatorRegistry()
  return { contentType: aggregator.contentType, text: () => aggregator.clusterMetrics() }
}

/** The figures of this process alone. */
export function ownFigures({ registry }: Metrics): { contentType: string; text(): Promise<string> } {
  return { contentType: registry.contentType, text: () => registry.metrics() }
}
