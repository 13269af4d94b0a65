import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '../../registry/errors.ts'
import { nextLink, parsePage, takePage } from './pagination.ts'

async function* sourceOf(entries: readonly number[], onTake: () => void = () => {}): AsyncIterable<number> {
  for (const entry of entries) {
    onTake()
    yield entry
  }
}

describe('a page', () => {
  it('is asked for by n and last', () => {
    assert.deepEqual(parsePage(new URLSearchParams('n=5&last=v1'), 100), { limit: 5, after: 'v1' })
    assert.deepEqual(parsePage(new URLSearchParams(''), 100), { limit: undefined, after: undefined })
    assert.deepEqual(parsePage(new URLSearchParams('n=0&last='), 100), { limit: 0, after: '' })
    assert.deepEqual(parsePage(new URLSearchParams('n=&last=v1'), 100), { limit: undefined, after: 'v1' })
  })

  it('is never larger than the registry allows', () => {
    assert.equal(parsePage(new URLSearchParams('n=101'), 100).limit, 100)
    assert.equal(parsePage(new URLSearchParams('n=999999999999999'), 100).limit, 100)
  })

  it('with an n that is no whole number is PAGINATION_NUMBER_INVALID', () => {
    for (const n of ['-1', '1.5', 'all', '1e3', '0x10', ' 1', '9'.repeat(16)]) {
      assert.throws(
        () => parsePage(new URLSearchParams({ n }), 100),
        (error) => error instanceof RegistryError && error.code === 'PAGINATION_NUMBER_INVALID',
        n,
      )
    }
  })

  it('holds the first entries, and knows whether another follows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), fc.nat(25), async (entries, limit) => {
        const page = await takePage(sourceOf(entries), limit)
        assert.deepEqual(page.entries, entries.slice(0, limit))
        assert.equal(page.hasMore, limit > 0 && entries.length > limit)
      }),
    )
  })

  it('costs what it holds: one entry more is read, none for an empty page', async () => {
    for (const [limit, cost] of [
      [3, 4],
      [0, 0],
    ] as const) {
      let taken = 0
      await takePage(
        sourceOf(Array.from({ length: 1000 }).map(Number), () => taken++),
        limit,
      )
      assert.equal(taken, cost)
    }
  })
})

describe('the Link to the next page', () => {
  it('is relative, keeps the query, and replaces last', () => {
    const link = nextLink('/v2/a/tags/list', new URLSearchParams('n=2&last=old&x=%26y'), 'v2')
    assert.equal(link, '</v2/a/tags/list?n=2&last=v2&x=%26y>; rel="next"')
  })

  it('leads to exactly the entry that it was made from, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(1000), (last, n) => {
        const link = nextLink('/v2/a/tags/list', new URLSearchParams({ n: String(n) }), last)
        const address = /^<([^<>]+)>; rel="next"$/.exec(link)?.[1]
        assert.ok(address !== undefined, link)
        const next = new URL(address, 'http://registry.test').searchParams
        assert.deepEqual(parsePage(next, 10_000), { limit: n, after: last })
      }),
    )
  })
})
