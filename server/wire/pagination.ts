// `n`, `last` and `Link` of the lists (spec, Listing Tags).
import { RegistryError } from '../../registry/errors.ts'

/** A page that was asked for; `limit` is absent where the client wants all. */
export interface PageRequest {
  limit: number | undefined
  after: string | undefined
}

/**
 * `n` above `maxLimit` counts as `maxLimit`; an empty one as absent, as it does for CNCF distribution.
 * Throws PAGINATION_NUMBER_INVALID when `n` is no number.
 */
export function parsePage(query: URLSearchParams, maxLimit: number): PageRequest {
  const n = query.get('n') ?? ''
  if (n !== '' && !/^\d{1,15}$/.test(n)) {
    throw new RegistryError('PAGINATION_NUMBER_INVALID', {
      message: 'n must be a whole number, 0 or more',
      detail: { n: n.slice(0, 50) },
    })
  }
  return {
    limit: n === '' ? undefined : Math.min(Number(n), maxLimit),
    after: query.get('last') ?? undefined,
  }
}

export interface Page<T> {
  entries: T[]
  hasMore: boolean
}

/** Takes a page, and looks one entry further to know whether another follows. */
export async function takePage<T>(source: AsyncIterable<T>, limit: number): Promise<Page<T>> {
  const entries: T[] = []
  if (limit === 0) return { entries, hasMore: false }
  for await (const entry of source) {
    if (entries.length === limit) return { entries, hasMore: true }
    entries.push(entry)
  }
  return { entries, hasMore: false }
}

/** The value of a Link header to the page behind `last`: relative, with the rest of the query kept. */
export function nextLink(path: string, query: URLSearchParams, last: string): string {
  const next = new URLSearchParams(query)
  next.set('last', last)
  return `<${path}?${next.toString()}>; rel="next"`
}
