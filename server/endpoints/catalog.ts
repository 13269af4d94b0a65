// GET /v2/_catalog: an endpoint of the Docker registry API that the specification does not have, and that many tools use.
import type { Repositories } from '../../registry/repositories.ts'
import type { Endpoint } from '../endpoint.ts'
import { queryOf } from '../request.ts'
import { nextLink, parsePage, takePage } from '../wire/pagination.ts'

/** As many as CNCF distribution returns when a client does not say how many it wants. */
const defaultEntries = 100

export function listCatalog(repositories: Repositories, maxEntries: number): Endpoint<'catalog'> {
  return async (ctx) => {
    const query = queryOf(ctx)
    const { limit, after } = parsePage(query, maxEntries)
    const page = await takePage(repositories.list(after), limit ?? Math.min(defaultEntries, maxEntries))
    const last = page.entries.at(-1)
    if (page.hasMore && last !== undefined) ctx.set('Link', nextLink(ctx.path, query, last))
    ctx.set('Content-Type', 'application/json')
    ctx.body = JSON.stringify({ repositories: page.entries })
  }
}
