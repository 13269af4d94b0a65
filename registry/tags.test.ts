import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { faulty } from '../storage-drivers/faulty.ts'
import { digestOf } from './digest.ts'
import { app, keysOf, pushImage, pushImageBlobs, pushManifest, imageBytes, writeText } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { oldKeys, writeOldImage } from './fixtures/old-tree.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { parseTag } from './names.ts'
import type { Registry } from './registry.ts'

/** Neighbours in ASCII order that registries get wrong when they compare paths. */
const awkward = [
  '1.0',
  '1.0-alpha',
  '1.0-beta.1',
  '1.0.1',
  '1.00',
  '1.0_1',
  '10',
  'A',
  'Z',
  '_',
  'a',
  'a-',
  'a-b',
  'a.',
  'a.b',
  'a_b',
  'ab',
  'b',
]
const tag = fc.oneof(fc.constantFrom(...awkward), fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,5}$/))

describeOnDrivers('tags', (driver) => {
  it('come in ASCII order, exactly', async () => {
    const registry = openRegistry(driver())
    await pushImage(registry, app, 'image', ...awkward.toReversed())
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [...awkward].sort())
  })

  it('pages of any size never skip or repeat one', async () => {
    const registry = openRegistry(driver())
    await pushImage(registry, app, 'image', ...awkward)
    for (let size = 1; size <= awkward.length + 1; size++) {
      const paged: string[] = []
      for (let page = await take(registry, size); page.length > 0; page = await take(registry, size, paged.at(-1))) {
        paged.push(...page)
      }
      assert.deepEqual(paged, [...awkward].sort())
    }
  })

  it('a page may begin anywhere, also behind a tag that is not there', async () => {
    const registry = openRegistry(driver())
    await pushImage(registry, app, 'image', ...awkward)
    for (const last of [...awkward, '0', '1.0-', '1.0.0', 'a-a', 'zzz', '', '1.0/', '/', '..', '~', 'é']) {
      const expected = awkward.filter((name) => name > last).sort()
      assert.deepEqual(await Array.fromAsync(registry.tags.list(app, last)), expected, last)
    }
  })

  it('everything that a tag ever pointed at is kept in its history', async () => {
    const registry = openRegistry(driver())
    const first = await pushImage(registry, app, 'first', 'latest')
    const second = await pushImage(registry, app, 'second', 'latest')
    const tags = 'docker/registry/v2/repositories/team/app/_manifests/tags/'
    const expected = [
      oldKeys.current('team/app', 'latest'),
      ...[first, second].map((digest) => oldKeys.index('team/app', 'latest', digest)),
    ]
    assert.deepEqual(await keysOf(driver(), tags), expected.sort())
    await registry.manifests.deleteTag(app, parseTag('latest'))
    assert.deepEqual(await keysOf(driver(), tags), [])
  })

  it('a repository without tags, or without anything, has none', async () => {
    const registry = openRegistry(driver())
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
    await pushImage(registry, app, 'untagged')
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
    assert.equal(await registry.tags.resolve(app, parseTag('latest')), undefined)
  })

  it('what lies in the folder of tags and is none is not listed', async () => {
    await writeOldImage(driver(), 'team/app', 'good')
    for (const name of ['-bad', '.hidden', 'a b', 'x'.repeat(129)]) {
      await writeText(driver(), oldKeys.current('team/app', name), digestOf(Buffer.from('x')))
    }
    await writeText(driver(), 'docker/registry/v2/repositories/team/app/_manifests/tags/file', 'x')
    assert.deepEqual(await Array.fromAsync(openRegistry(driver()).tags.list(app)), ['good'])
  })
})

describe('paging through tags', () => {
  it('of any names, by any size, from any point, gives exactly the tags behind that point in order', async () => {
    const tags = fc.uniqueArray(tag, { maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(tags, fc.integer({ min: 1, max: 30 }), fc.option(tag), async (names, size, start) => {
        const registry = openRegistry(openMemoryDriver())
        await pushImageBlobs(registry, app)
        await pushManifest(registry, app, imageBytes(), ...names)
        const paged: string[] = []
        let last = start ?? undefined
        for (let page = await take(registry, size, last); page.length > 0; page = await take(registry, size, last)) {
          assert.ok(page.length <= size)
          paged.push(...page)
          last = page.at(-1)
        }
        assert.deepEqual(paged, names.filter((name) => start === null || name > start).sort())
      }),
    )
  })

  it('tags that come and go meanwhile neither hide nor repeat the others', async () => {
    const registry = openRegistry(openMemoryDriver())
    await pushImage(registry, app, 'image', ...awkward)
    const seen: string[] = []
    for await (const name of registry.tags.list(app)) {
      seen.push(name)
      await pushImage(registry, app, 'image', `${name}.new`)
      await registry.manifests.deleteTag(app, parseTag(name))
      if (seen.length > 100) break
    }
    assert.deepEqual(
      awkward.filter((name) => !seen.includes(name)),
      [],
    )
    assert.equal(new Set(seen).size, seen.length)
  })

  it('a page asks the storage for one list, and for nothing of each tag', async () => {
    const storage = faulty(openMemoryDriver())
    const registry = openRegistry(storage)
    await pushImage(registry, app, 'image', ...awkward)
    storage.forget()
    await take(registry, 5)
    assert.deepEqual(
      storage.calls.map(({ action }) => action),
      ['list'],
    )
  })
})

async function take(registry: Registry, size: number, after?: string): Promise<string[]> {
  const page: string[] = []
  for await (const name of registry.tags.list(app, after)) {
    page.push(name)
    if (page.length === size) break
  }
  return page
}
