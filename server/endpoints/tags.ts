// GET /v2/<name>/tags/list: spec, Listing Tags.
import { RegistryError } from '../../registry/errors.ts'
import type { Repositories } from '../../registry/repositories.ts'
import type { Tags } from '../../registry/tags.ts'
import type { Endpoint } from '../endpoint.ts'
import { queryOf } from '../request.ts'
import { nextLink, parsePage, takePage } from '../wire/pagination.ts'

/** `maxTags` is the largest page; without `n` the list is whole. */
export function listTags(tags: Tags, repositories: Repositories, maxTags: number): Endpoint<'tags'> {
  return async (ctx, { repository }) => {
    const query = queryOf(ctx)
    const { limit, after } = parsePage(query, maxTags)
    const page = await takePage(tags.list(repository, after), limit ?? Infinity)
    if (page.entries.length === 0 && !(await repositories.exists(repository))) {
      throw new RegistryError('NAME_UNKNOWN', { detail: { name: repository } })
    }
    const last = page.entries.at(-1)
    if (page.hasMore && last !== undefined) ctx.set('Link', nextLink(ctx.path, query, last))
    ctx.set('Content-Type', 'application/json')
    ctx.body = JSON.stringify({ name: repository, tags: page.entries })
  }
}
