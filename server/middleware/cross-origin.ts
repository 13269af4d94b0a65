// CORS, for web interfaces on other origins: the preflight is always answered, and never with a challenge.
import type { Middleware } from 'koa'

const exposed = [
  'Docker-Content-Digest',
  'Docker-Upload-UUID',
  'Content-Range',
  'ETag',
  'Link',
  'Location',
  'OCI-Filters-Applied',
  'OCI-Subject',
  'OCI-Tag',
  'Range',
  'Retry-After',
  'Warning',
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ')
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const preflightLifetimeSeconds = 600

/** `origins` as browsers send them (`https://ui.example.com`), or `*` for all, then without credentials. */
export function allowOrigins(origins: readonly string[]): Middleware {
  const all = origins.includes('*')
  const allowed = new Set(origins)

  return async (ctx, next) => {
    const origin = ctx.get('origin')
    if (origin === '' || !(all || allowed.has(origin))) return next()
    ctx.set('Access-Control-Allow-Origin', all ? '*' : origin)
    ctx.set('Access-Control-Expose-Headers', exposed)
    if (!all) {
      ctx.set('Access-Control-Allow-Credentials', 'true')
      ctx.vary('Origin')
    }
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set('Access-Control-Allow-Methods', methods)
    ctx.set(
      'Access-Control-Allow-Headers',
      ctx.get('access-control-request-headers') || 'Authorization, Accept, Content-Type',
    )
    ctx.set('Access-Control-Max-Age', String(preflightLifetimeSeconds))
    ctx.status = 204
  }
}
