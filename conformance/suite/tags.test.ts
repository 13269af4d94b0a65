/** spec, Listing Tags. */
import assert from 'node:assert/strict'

import { randomBlob } from './support/content.ts'
import { assertStatus, jsonOf, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { nextPage, pagesFrom, tagsOf } from './support/pages.ts'
import { manifestPath, prepareImage, pushBlob, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

/** In ASCII order: what sorts differently by locale, by number, or when a separator is put behind a name. */
const tags =
  '0 1 1.0 1.0-alpha 1.0-alpha.1 1.0.1 1.0_1 1.10 1.2 10 9 A B Z _ _x a a-b a.b aB a_b ab b latest v1 v1-rc.1 v1.0 z'.split(
    ' ',
  )
/** The same without pairs whose order the specification leaves open: lexical there means without regard to case. */
const plainTags = tags.filter((tag) => !/[A-Z_]/.test(tag))

describeConformance('listing tags', (registry) => {
  let repository: string
  let path: string

  before(async function () {
    this.timeout(30_000)
    repository = newRepository()
    path = `/v2/${repository}/tags/list`
    const image = await prepareImage(registry, repository)
    for (const tag of [...tags].sort((a, b) => (a.length === b.length ? (a < b ? 1 : -1) : b.length - a.length))) {
      await pushManifest(registry, repository, image, tag)
    }
  })

  it('"Assuming a repository is found, this request MUST return a `200 OK` response code", with "a json body" of name and tags', async () => {
    const answer = await registry.get(path)

    assertStatus(answer, 200)
    assert.match(requiredHeader(answer, 'content-type'), /^application\/json/)
    const body = jsonOf(answer) as { name: unknown; tags: unknown }
    assert.equal(body.name, repository)
    assert.ok(Array.isArray(body.tags))
  })

  it('the list has every tag, and each once', async () => {
    const pages = await pagesFrom(registry, path)

    assert.deepEqual(pages.flatMap(tagsOf).sort(), [...tags].sort())
  })

  it('"the tags MUST be in lexical (i.e. case-insensitive alphanumeric order) or \\"ASCIIbetical\\" order"', async () => {
    const listed = (await pagesFrom(registry, path)).flatMap(tagsOf)

    assert.deepEqual(
      listed.filter((tag) => plainTags.includes(tag)),
      plainTags,
    )
    const lexical = [...listed].sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()))
    assert.ok(isEqual(listed, tags) || isEqual(listed.map(lower), lexical.map(lower)), listed.join(' '))
  })

  it('"An attempt to pull a nonexistent repository MUST return response code `404 Not Found`"', async () => {
    assertStatus(await registry.get(`/v2/${newRepository()}/tags/list`), 404)
  })

  it('"The list of tags MAY be empty if there are no tags on the repository": after the last tag is deleted', async function () {
    const empty = newRepository()
    await pushImage(registry, empty, 'only')
    const deleted = await registry.delete(manifestPath(empty, 'only'))
    assertStatus(deleted, 202, 400, 405)
    if (deleted.status !== 202) this.skip()

    const answer = await registry.get(`/v2/${empty}/tags/list`)

    assertStatus(answer, 200, 404)
    if (answer.status === 200) assert.deepEqual(tagsOf(answer), [])
  })

  it('"MAY return fewer than `<int>` results, but only when the total number of tags … is less than `<int>` or a `Link` header is provided"', async () => {
    for (const n of [1, 5, tags.length, tags.length + 10]) {
      const answer = await registry.get(`${path}?n=${n}`)
      const listed = tagsOf(answer)
      assert.ok(listed.length <= n, `${listed.length} tags for n=${n}`)
      if (nextPage(answer) === undefined) assert.equal(listed.length, Math.min(n, tags.length))
    }
  })

  it('"When `n` is zero, this endpoint MUST return an empty list, and MUST NOT include a `Link` header"', async () => {
    const answer = await registry.get(`${path}?n=0`)

    assert.deepEqual(tagsOf(answer), [])
    assert.equal(answer.header('link'), undefined)
  })

  it('"Without the `last` query parameter … the list returned will start at the beginning of the list"', async () => {
    const all = (await pagesFrom(registry, path)).flatMap(tagsOf)

    assert.deepEqual(tagsOf(await registry.get(`${path}?n=3`)), all.slice(0, 3))
  })

  it('"`<tagname>` will not be included in the results, but up to `<int>` tags *after* `<tagname>` will be returned": after each tag', async () => {
    const all = (await pagesFrom(registry, path)).flatMap(tagsOf)

    for (const [i, last] of all.entries()) {
      const answer = await registry.get(`${path}?n=4&last=${encodeURIComponent(last)}`)
      assert.deepEqual(tagsOf(answer), all.slice(i + 1, i + 5), `after ${last}`)
    }
  })

  it('"When using the `last` query parameter, the `n` parameter is OPTIONAL"', async () => {
    const all = (await pagesFrom(registry, path)).flatMap(tagsOf)

    const rest = (await pagesFrom(registry, `${path}?last=${all[9]}`)).flatMap(tagsOf)

    assert.deepEqual(rest, all.slice(10))
  })

  for (const n of [1, 2, 3, 5, 7, tags.length - 1, tags.length, tags.length + 1]) {
    it(`paging by ${n} never skips or repeats a tag (Link "MUST be set according to RFC 5988 with the Relation Type \`rel="next"\`")`, async () => {
      const pages = await pagesFrom(registry, `${path}?n=${n}`)

      assert.deepEqual(pages.flatMap(tagsOf), (await pagesFrom(registry, path)).flatMap(tagsOf))
      assert.ok(pages.every((page) => tagsOf(page).length <= n))
    })
  }

  describe('Lading promises', () => {
    it('tags come in ASCII order exactly: 1.0, 1.0-alpha, 1.0.1', async () => {
      assert.deepEqual(tagsOf(await registry.get(path)), tags)
    })

    it('a Link is path-absolute and keeps the query, and the last page has none', async () => {
      const pages = await pagesFrom(registry, `${path}?n=5`)

      assert.equal(pages.length, Math.ceil(tags.length / 5))
      for (const page of pages.slice(0, -1)) {
        const link = requiredHeader(page, 'link')
        assert.match(link, /^<\/v2\/[^>]*>; rel="next"$/)
        const url = new URL(nextPage(page)!)
        assert.equal(url.pathname, path)
        assert.equal(url.searchParams.get('n'), '5')
        assert.equal(url.searchParams.get('last'), tagsOf(page).at(-1))
      }
      assert.equal(pages.at(-1)?.header('link'), undefined)
    })

    it('when the last page is full, it still has no Link', async () => {
      const answer = await registry.get(`${path}?n=${tags.length}`)

      assert.deepEqual(tagsOf(answer), tags)
      assert.equal(answer.header('link'), undefined)
    })

    it('`last` need not be a tag: the list goes on where it would stand', async () => {
      for (const last of ['1.0-', '1.0.', '5', 'M', '~', 'zz', 'a-']) {
        const answer = await registry.get(`${path}?last=${encodeURIComponent(last)}`)
        assert.deepEqual(
          tagsOf(answer),
          tags.filter((tag) => tag > last),
          `after ${last}`,
        )
      }
    })

    it('a repository without tags has the list [], not null', async () => {
      const untagged = newRepository()
      await pushImage(registry, untagged)

      const body = jsonOf(await registry.get(`/v2/${untagged}/tags/list`)) as { tags: unknown }

      assert.deepEqual(body.tags, [])
    })

    it('after the last tag is deleted the list is [], not null', async () => {
      const empty = newRepository()
      await pushImage(registry, empty, 'only')
      assertStatus(await registry.delete(manifestPath(empty, 'only')), 202)

      assert.deepEqual((jsonOf(await registry.get(`/v2/${empty}/tags/list`)) as { tags: unknown }).tags, [])
    })

    it('an empty n counts as absent, as of an unset variable in a script', async () => {
      assert.deepEqual(tagsOf(await registry.get(`${path}?n=`)), tags)
      assert.deepEqual(tagsOf(await registry.get(`${path}?n=&last=latest`)), tags.slice(tags.indexOf('latest') + 1))
    })

    for (const n of ['-1', 'many', '1.5']) {
      it(`n=${n} is refused with 400`, async () => {
        assertStatus(await registry.get(`${path}?n=${n}`), 400)
      })
    }

    it('tags pushed while a client pages appear or not, but no other tag is skipped or repeated', async () => {
      const busy = newRepository()
      const image = await prepareImage(registry, busy)
      const stable = Array.from({ length: 20 }, (_, i) => `s${String(i).padStart(2, '0')}`)
      for (const tag of stable) await pushManifest(registry, busy, image, tag)

      const seen: string[] = []
      let next: string | undefined = `/v2/${busy}/tags/list?n=3`
      for (let i = 0; next !== undefined; i++) {
        const page = await registry.get(next)
        seen.push(...tagsOf(page))
        next = nextPage(page)
        await pushManifest(registry, busy, image, `a${i}`)
        await registry.delete(manifestPath(busy, `a${i - 1}`))
      }

      assert.deepEqual(
        seen.filter((tag) => tag.startsWith('s')),
        stable,
      )
    })

    it('an uploaded blob makes no tag appear, and a repository of blobs alone is 404 or has none', async () => {
      const blobs = newRepository()
      await pushBlob(registry, blobs, randomBlob())

      const answer = await registry.get(`/v2/${blobs}/tags/list`)

      assertStatus(answer, 200, 404)
      if (answer.status === 200) assert.deepEqual(tagsOf(answer), [])
    })
  })
})

function lower(tag: string): string {
  return tag.toLowerCase()
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
