// The route table of the specification: resource, method, endpoint. One wildcard leads here; a table of patterns costs a third of a request.
import type { Context, Middleware } from 'koa'
import { RegistryError } from '../registry/errors.ts'
import type { Registry } from '../registry/registry.ts'
import type { Addresses } from './addresses.ts'
import type { Endpoint } from './endpoint.ts'
import { determineSupport } from './endpoints/base.ts'
import { deleteBlob, pullBlob } from './endpoints/blobs.ts'
import { listCatalog } from './endpoints/catalog.ts'
import { deleteManifest, pullManifest, pushManifest } from './endpoints/manifests.ts'
import { listReferrers } from './endpoints/referrers.ts'
import { listTags } from './endpoints/tags.ts'
import { appendToUpload, cancelUpload, finishUpload, startUpload, uploadStatus } from './endpoints/uploads.ts'
import type { Health } from './health.ts'
import { parseV2Path, type Resource, type Target } from './wire/v2-path.ts'

export interface RouteOptions {
  /** In bytes. */
  maxManifestBytes: number
  maxTags: number
  maxCatalogEntries: number
  /** Without it, deletes of tags, manifests and blobs answer 405 (storage.delete.enabled). */
  deletes: boolean
  /** Clients are sent to the storage for blobs where it has an address for them. */
  redirects: boolean
  /** Nothing may be written (storage.maintenance.readonly). */
  readonly: boolean
}

type Table = { [R in Resource]: Record<string, Endpoint<R>> }

export function routeTable(registry: Registry, addresses: Addresses, options: RouteOptions): Table {
  const { uploads, manifests, blobs, tags, repositories, referrers } = registry
  const writing = refusedIf(options.readonly, 'the registry is read-only (storage.maintenance.readonly)')
  const deleting = options.readonly
    ? writing
    : refusedIf(!options.deletes, 'deleting is disabled (storage.delete.enabled)')
  const { maxManifestBytes } = options
  return {
    base: reading(determineSupport),
    catalog: reading(listCatalog(repositories, options.maxCatalogEntries)),
    tags: reading(listTags(tags, repositories, options.maxTags)),
    manifest: {
      ...reading(pullManifest(registry)),
      PUT: writing(pushManifest(manifests, { maxManifestBytes, addresses })),
      DELETE: deleting(deleteManifest(manifests)),
    },
    blob: { ...reading(pullBlob(registry, addresses, options)), DELETE: deleting(deleteBlob(blobs)) },
    uploads: { POST: writing(startUpload(uploads, addresses)) },
    upload: {
      ...reading(uploadStatus(uploads, addresses)),
      PATCH: writing(appendToUpload(uploads, addresses)),
      PUT: writing(finishUpload(uploads, addresses)),
      DELETE: writing(cancelUpload(uploads)),
    },
    referrers: reading(listReferrers(referrers)),
  }
}

function reading<R extends Resource>(endpoint: Endpoint<R>): { GET: Endpoint<R>; HEAD: Endpoint<R> } {
  return { GET: endpoint, HEAD: endpoint }
}

function refusedIf(refused: boolean, message: string): <R extends Resource>(endpoint: Endpoint<R>) => Endpoint<R> {
  return (endpoint) =>
    refused
      ? async () => {
          throw new RegistryError('UNSUPPORTED', { message })
        }
      : endpoint
}

/** What a request is for, for metrics. */
export interface RoutedState {
  target?: Target
  /** Called when `target` is known, before its endpoint. */
  onRouted?: (target: Target) => void
}

/** Everything at and below `<prefix>v2/`. */
export function serveV2(table: Table, { prefix, health }: { prefix: string; health: Health }): Middleware<RoutedState> {
  const base = `${prefix}v2/`
  const bare = `${prefix}v2`

  return async (ctx, next) => {
    const { path } = ctx
    if (!path.startsWith(base) && path !== bare) return next()
    ctx.set('Docker-Distribution-Api-Version', 'registry/2.0')
    refuseWhileUnhealthy(health)
    if (path === bare) return redirectTo(ctx, base)

    const target = parseV2Path(path.slice(base.length))
    if (target === undefined) throw new RegistryError('ROUTE_UNKNOWN', { detail: { path: path.slice(0, 500) } })
    ctx.state.target = target
    ctx.state.onRouted?.(target)
    const endpoints = table[target.resource] as Record<string, Endpoint<Resource>>
    const endpoint = endpoints[ctx.method]
    if (endpoint !== undefined) return endpoint(ctx, target)

    ctx.set('Allow', Object.keys(endpoints).join(', '))
    // A browser asks before it sends; it must get an answer, never a challenge.
    if (ctx.method !== 'OPTIONS')
      throw new RegistryError('UNSUPPORTED', { message: `${ctx.method} is not supported here` })
    ctx.status = 204
  }
}

/** As CNCF distribution does, so that a load balancer asks elsewhere. */
function refuseWhileUnhealthy(health: Health): void {
  const checks = health.failingChecks()
  if (checks.length === 0) return
  throw new RegistryError('UNAVAILABLE', { message: 'a health check of the registry fails', detail: { checks } })
}

function redirectTo(ctx: Context, location: string): void {
  ctx.redirect(location)
  ctx.status = 301
}
