// The operators' server on http.debug.addr: health as CNCF distribution shows it, and metrics.
import { Router } from '@koa/router'
import Koa from 'koa'
import type { Health } from './health.ts'

export interface Figures {
  contentType: string
  text(): Promise<string>
}

export interface DebugOptions {
  health: Health
  /** Absent when metrics are off. */
  figures: Figures | undefined
  metricsPath: string
}

/** The check that `POST /debug/health/down` fails by hand. */
const manualCheck = 'manual_http_status'

export function createDebugApp({ health, figures, metricsPath }: DebugOptions): Koa {
  const router = new Router()
  router.get('/debug/health', (ctx) => {
    const troubles = health.troubles()
    ctx.status = Object.keys(troubles).length === 0 ? 200 : 503
    ctx.body = troubles
  })
  router.post('/debug/health/down', (ctx) => {
    health.report(manualCheck, 'manual check')
    ctx.status = 200
  })
  router.post('/debug/health/up', (ctx) => {
    health.report(manualCheck, undefined)
    ctx.status = 200
  })
  if (figures !== undefined) {
    router.get(metricsPath, async (ctx) => {
      ctx.set('Content-Type', figures.contentType)
      ctx.body = await figures.text()
    })
  }
  const app = new Koa()
  app.silent = true
  app.use(router.routes()).use(router.allowedMethods())
  return app
}
