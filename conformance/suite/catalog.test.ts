/** `/v2/_catalog`: docker's older API, which the specification does not have and every user interface asks for. */
import assert from 'node:assert/strict'

import { assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { nextPage, pagesFrom, repositoriesOf } from './support/pages.ts'
import { pushImage } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('the catalog', (registry) => {
  describe('Lading promises', () => {
    let parent: string
    let expected: readonly string[]

    before(async () => {
      parent = newRepository()
      expected = ['a', 'a-b', 'a-b/c', 'a.b', 'a/b', 'a/b/c', 'a0', 'a_b', 'aa', 'b'].map((name) => `${parent}/${name}`)
      for (const repository of expected.toReversed()) await pushImage(registry, repository, 'latest')
    })

    /** The registry may hold any number of others: only those of this run count, and the list is entered just before them. */
    const start = (query = ''): string => `/v2/_catalog?last=${encodeURIComponent(parent)}${query}`
    const ours = (repositories: readonly string[]): readonly string[] =>
      repositories.filter((name) => name.startsWith(`${parent}/`))

    /** The pages that begin after the parent's name, up to the first that goes beyond it. */
    const listed = async (n: number): Promise<readonly string[]> => {
      const seen: string[] = []
      let next: string | undefined = start(`&n=${n}`)
      while (next !== undefined && ours(seen).length === seen.length) {
        const page = await registry.get(next)
        assert.ok(repositoriesOf(page).length <= n)
        seen.push(...repositoriesOf(page))
        next = nextPage(page)
      }
      return ours(seen)
    }

    it('the whole catalog, page by page, has each repository once', async function () {
      this.timeout(30_000)
      const all = (await pagesFrom(registry, '/v2/_catalog?n=1000')).flatMap(repositoriesOf)

      assert.deepEqual([...ours(all)].sort(), [...expected].sort())
      assert.equal(new Set(all).size, all.length)
    })

    it('repositories come in ASCII order exactly: a, a-b, a.b, a/b, a_b', async () => {
      assert.deepEqual(ours(repositoriesOf(await registry.get(start('&n=50')))), expected)
    })

    for (const n of [1, 2, 3, 4, 9, 10, 11]) {
      it(`paging by ${n} never skips or repeats a repository`, async () => {
        assert.deepEqual([...(await listed(n))].sort(), [...expected].sort())
      })
    }

    it('after each repository the list goes on with the next', async () => {
      const all = await listed(100)
      for (const [i, last] of all.entries()) {
        const answer = await registry.get(`/v2/_catalog?n=2&last=${encodeURIComponent(last)}`)
        assert.deepEqual(ours(repositoriesOf(answer)), all.slice(i + 1, i + 3), `after ${last}`)
      }
    })

    it('a Link is path-absolute and keeps the query', async () => {
      const answer = await registry.get(start('&n=3'))

      assert.match(requiredHeader(answer, 'link'), /^<\/v2\/_catalog\?[^>]*>; rel="next"$/)
      const url = new URL(nextPage(answer)!)
      assert.equal(url.searchParams.get('n'), '3')
      assert.equal(url.searchParams.get('last'), repositoriesOf(answer).at(-1))
    })

    it('n=0 answers an empty list without a Link', async () => {
      const answer = await registry.get('/v2/_catalog?n=0')

      assert.deepEqual(repositoriesOf(answer), [])
      assert.equal(answer.header('link'), undefined)
    })

    it('an empty n counts as absent', async () => {
      assert.deepEqual(repositoriesOf(await registry.get(start('&n='))), repositoriesOf(await registry.get(start())))
    })

    for (const n of ['-1', 'many']) {
      it(`n=${n} is refused with 400`, async () => {
        assertStatus(await registry.get(`/v2/_catalog?n=${n}`), 400)
      })
    }

    it('the catalog without n answers a page of JSON', async () => {
      const answer = await registry.get('/v2/_catalog')

      assert.match(requiredHeader(answer, 'content-type'), /^application\/json/)
      assert.ok(repositoriesOf(answer).length > 0)
    })
  })
})
