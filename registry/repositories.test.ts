import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { digestOf } from './digest.ts'
import {
  app,
  describeBytes,
  jsonBytes,
  keysOf,
  latest,
  layer,
  pushBlob,
  pushImage,
  readBlob,
  writeText,
} from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { oldKeys, v2 } from './fixtures/old-tree.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { parseRepositoryName } from './names.ts'

/** In the order in which CNCF distribution's clients expect them: `-` and `.` before `/`, and that before letters and `_`. */
const ordered = [
  '0',
  'a',
  'a-b',
  'a-b/c',
  'a.b',
  'a/b',
  'a/b-c',
  'a/b/c',
  'a/c',
  'a0',
  'a_b',
  'a_b/c',
  'a__b',
  'aa',
  'b/only/nested',
  'c',
]

describeOnDrivers('repositories', (driver) => {
  it('come in ASCII order of their whole names, nested ones too', async () => {
    await withRepositories(ordered.toReversed())
    assert.deepEqual(await Array.fromAsync(openRegistry(driver()).repositories.list()), [...ordered].sort())
  })

  it('a page may begin anywhere, also behind a name that is not there', async () => {
    await withRepositories(ordered)
    const { repositories } = openRegistry(driver())
    for (const after of [
      ...ordered,
      '',
      'a-',
      'a/',
      'a/a',
      'a/b/',
      'a/z',
      'b',
      'b/only',
      'zzz',
      '/',
      '_',
      'A',
      'a/b/c/d',
      'é',
    ]) {
      const expected = ordered.filter((name) => name > after).sort()
      assert.deepEqual(await Array.fromAsync(repositories.list(after)), expected, after)
    }
  })

  it('pages of any size never skip or repeat one', async () => {
    await withRepositories(ordered)
    const { repositories } = openRegistry(driver())
    for (const size of [1, 2, 3, 7, 100]) {
      const paged: string[] = []
      for (;;) {
        const page = (await Array.fromAsync(repositories.list(paged.at(-1)))).slice(0, size)
        if (page.length === 0) break
        paged.push(...page)
      }
      assert.deepEqual(paged, [...ordered].sort())
    }
  })

  it('only those that hold a manifest are listed; listAll has every one', async () => {
    const registry = openRegistry(driver())
    await pushImage(registry, app, 'image')
    await pushBlob(registry, parseRepositoryName('blobs/only'), layer)
    const uploading = parseRepositoryName('upload/only')
    await registry.uploads.start(uploading, 'sha256')
    assert.deepEqual(await Array.fromAsync(registry.repositories.list()), ['team/app'])
    assert.deepEqual(await Array.fromAsync(registry.repositories.listAll()), ['blobs/only', 'team/app', 'upload/only'])
    const names = [
      app,
      parseRepositoryName('blobs/only'),
      uploading,
      parseRepositoryName('team'),
      parseRepositoryName('never'),
    ]
    const exist = await Promise.all(names.map((name) => registry.repositories.exists(name)))
    assert.deepEqual(exist, [true, true, false, false, false])
  })

  it('one exists as long as it holds anything', async () => {
    const registry = openRegistry(driver())
    const digest = await pushImage(registry, app, 'image', 'latest')
    await registry.manifests.delete(app, digest)
    assert.equal(await registry.repositories.exists(app), true)
    assert.deepEqual(await Array.fromAsync(registry.repositories.list()), [])
    for (const content of [layer, Buffer.from('{"os":"linux","architecture":"amd64"}')]) {
      await registry.blobs.unlink(app, digestOf(content))
    }
    assert.equal(await registry.repositories.exists(app), false)
    assert.deepEqual(await Array.fromAsync(registry.repositories.listAll()), [])
  })

  it('a deleted one is gone with everything in it; nested ones, neighbours and shared bytes stay', async () => {
    const registry = openRegistry(driver())
    const kept = ['team/app/nested', 'team/app-b', 'team/application', 'team', 'other']
    for (const name of kept) await pushImage(registry, parseRepositoryName(name), 'image', 'latest')
    const subject = describeBytes(Buffer.from('subject'))
    const image = await pushImage(registry, app, 'image', 'latest')
    const referrer = jsonBytes({ subject })
    await registry.manifests.put(app, { bytes: referrer, contentType: 'a/b', tags: [] })
    await registry.uploads.start(app, 'sha256')

    await registry.repositories.delete(app)

    const own = (await keysOf(driver(), `${v2}/repositories/team/app/`)).filter((key) => !key.includes('/nested/'))
    assert.deepEqual(own, [])
    assert.equal(await registry.repositories.exists(app), false)
    assert.equal(await registry.manifest(app, latest), undefined)
    assert.equal(await registry.manifest(app, image), undefined)
    assert.equal(await readBlob(registry, app, digestOf(layer)), undefined)
    assert.deepEqual(await Array.fromAsync(registry.referrers.list(app, subject.digest, {})), [])
    assert.deepEqual(await Array.fromAsync(registry.repositories.list()), [...kept].sort())
    for (const name of kept) {
      assert.ok(await registry.manifest(parseRepositoryName(name), latest))
      assert.deepEqual(await readBlob(registry, parseRepositoryName(name), digestOf(layer)), layer)
    }
    await registry.repositories.delete(app)
    assert.equal(await pushImage(registry, app, 'image', 'latest'), image)
  })

  it('folders that are no repository are not listed, and hide none', async () => {
    await withRepositories(['good', 'good/nested'])
    for (const key of [
      'Bad/_manifests/x',
      'good/file',
      'a..b/_manifests/x',
      `${'x'.repeat(250)}/yyyyyy/_manifests/x`,
      'file',
    ]) {
      await writeText(driver(), `${v2}/repositories/${key}`, 'x')
    }
    assert.deepEqual(await Array.fromAsync(openRegistry(driver()).repositories.listAll()), ['good', 'good/nested'])
  })

  async function withRepositories(names: string[]): Promise<void> {
    const digest = digestOf(layer)
    for (const name of names) await writeText(driver(), oldKeys.revision(name, digest), digest)
  }
})

describe('paging through repositories', () => {
  const word = fc.constantFrom('a', 'b', 'aa', 'a-b', 'a.b', 'a_b', 'a__b', '0', 'z9')
  const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('/'))

  it('of any names, from any point, gives exactly those behind it in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 12 }), fc.option(name), async (names, after) => {
        const driver = openMemoryDriver()
        const digest = digestOf(layer)
        for (const each of names) await writeText(driver, oldKeys.revision(each, digest), digest)
        const listed = await Array.fromAsync(openRegistry(driver).repositories.list(after ?? undefined))
        assert.deepEqual(listed, names.filter((each) => after === null || each > after).sort())
      }),
    )
  })
})
