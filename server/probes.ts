// The routes beside the registry's own: liveness, readiness, and an answer at the root.
import { Router } from '@koa/router'
import type { Health } from './health.ts'

/** `guarantees`: what the storage keeps of its promises, where that was found out. */
export function probeRoutes(health: Health, guarantees: Readonly<Record<string, string>> | undefined): Router {
  const router = new Router()
  router.get('/', (ctx) => {
    ctx.set('Cache-Control', 'no-cache')
    ctx.body = ''
    ctx.status = 200
  })
  // Alive as long as it answers: restarting a process does not mend a disk.
  router.get('/healthz', (ctx) => {
    ctx.body = { status: 'ok' }
  })
  router.get('/readyz', (ctx) => {
    const failing = health.failingChecks()
    const ready = !health.isDraining() && failing.length === 0
    ctx.status = ready ? 200 : 503
    ctx.body = {
      status: health.isDraining() ? 'draining' : ready ? 'ok' : 'unhealthy',
      failing,
      ...(guarantees === undefined ? {} : { storage: guarantees }),
    }
  })
  return router
}
