// What each operation costs in requests to S3: money, and on the hot path most of the time.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inProcessCache } from '../coordination/in-process-cache.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { startFakeStore, type FakeStore } from '../storage-drivers/s3/fixtures/fake-store.ts'
import { digestOf, type Digest } from './digest.ts'
import { app, chunksOf, config, hexIn, imageBytes, latest, layer, pushBlob, pushImage } from './fixtures/content.ts'
import { openRegistry, type OpenedRegistry } from './fixtures/open-registry.ts'
import { parseRepositoryName, parseTag } from './names.ts'

const other = parseRepositoryName('other/app')

describe('requests to S3', () => {
  let store: FakeStore
  let driver: StorageDriver

  beforeEach(async () => {
    store = await startFakeStore()
    driver = await store.open()
  })
  afterEach(() => store.close())

  /** Fails with the requests by name: what is wrong is seen at once. */
  async function atMost<T>(limit: number, work: () => Promise<T>): Promise<T> {
    store.server.forget()
    const result = await work()
    const names = store.server.requests.map(({ operation }) => operation)
    assert.ok(names.length <= limit, `${names.length} requests instead of ${limit}: ${names.join(' ')}`)
    return result
  }

  const lists = (): number => store.server.requests.filter(({ operation }) => operation === 'ListObjectsV2').length

  async function readWhole(registry: OpenedRegistry, digest: Digest): Promise<Buffer | undefined> {
    return (await registry.blob(app, digest, { isToBeRead: true }))?.bytes()
  }

  describe('of a push', () => {
    it('a layer of 60 MB by POST, one streamed PATCH and PUT takes at most 12', async () => {
      const { uploads } = openRegistry(driver)
      const bytes = randomBytes(60_000_000)
      await atMost(12, async () => {
        const id = await uploads.start(app, 'sha256')
        const version = () => uploads.versionOf(id) as string
        await uploads.append(app, id, { chunks: chunksOf(bytes, 65_536), version: version() })
        await uploads.finish(app, id, digestOf(bytes), { version: version() })
      })
      assert.deepEqual(await readWhole(openRegistry(driver), digestOf(bytes)), bytes)
    })

    it('one by POST and PUT with the body takes at most 5, however large it is', async () => {
      for (const bytes of [randomBytes(100), randomBytes(20_000_000)]) {
        const { uploads } = openRegistry(driver)
        await atMost(5, async () => {
          const id = await uploads.start(app, 'sha256')
          await uploads.finish(app, id, digestOf(bytes), { chunks: chunksOf(bytes, 65_536), length: bytes.length })
        })
        assert.deepEqual(await readWhole(openRegistry(driver), digestOf(bytes)), bytes)
      }
    })

    it('one in a single POST takes 2', async () => {
      for (const bytes of [randomBytes(100), randomBytes(20_000_000)]) {
        const body = { chunks: chunksOf(bytes, 65_536), length: bytes.length }
        await atMost(2, () => openRegistry(driver).uploads.push(app, digestOf(bytes), body))
      }
    })

    it('a manifest with a tag takes at most 5, and one per blob that it names', async () => {
      const registry = openRegistry(driver)
      const layers = await Promise.all(
        Array.from({ length: 7 }, async () => {
          const bytes = randomBytes(20)
          await pushBlob(registry, app, bytes)
          return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(bytes), size: 20 }
        }),
      )
      await pushBlob(registry, app, config)
      const push = { bytes: imageBytes({ layers }), contentType: undefined, tags: [latest] }
      await atMost(5 + 8, () => registry.manifests.put(app, push))
      await atMost(5 + 8, () => openRegistry(driver).manifests.put(app, push))
    })

    it('mounting a blob of another repository takes at most 3', async () => {
      const registry = openRegistry(driver)
      const digest = await pushBlob(registry, app, layer)
      await atMost(3, () => registry.uploads.mount(other, digest, app))
      assert.ok(await registry.blob(other, digest))
    })
  })

  describe('of a pull', () => {
    it('a manifest takes at most 2 the first time, and 1 by its tag from then on', async () => {
      const digest = await pushImage(openRegistry(driver), app, 'image', 'latest')
      const registry = openRegistry(driver)
      assert.equal((await atMost(2, () => registry.manifest(app, latest)))?.digest, digest)
      assert.equal((await atMost(1, () => registry.manifest(app, latest)))?.digest, digest)
      assert.equal((await atMost(2, () => openRegistry(driver).manifest(app, digest)))?.digest, digest)
    })

    it('a blob takes at most 2, to be read or only to be known', async () => {
      const bytes = randomBytes(100_000)
      const digest = await pushBlob(openRegistry(driver), app, bytes)
      assert.deepEqual(await atMost(2, () => readWhole(openRegistry(driver), digest)), bytes)
      assert.equal((await atMost(2, () => openRegistry(driver).blob(app, digest)))?.size, bytes.length)
    })

    it('a blob that is known takes 1 to be read, and none to be looked at', async () => {
      const bytes = randomBytes(100_000)
      const cache = inProcessCache({ maxEntries: 100, lifetimeMs: 60_000, isAlone: () => true })
      const registry = openRegistry(driver, { cache })
      const digest = await pushBlob(registry, app, bytes)
      await atMost(2, () => readWhole(registry, digest))
      assert.deepEqual(await atMost(1, () => readWhole(registry, digest)), bytes)
      assert.equal((await atMost(0, () => registry.blob(app, digest)))?.size, bytes.length)
    })

    it('a blob that was deleted is never served once that has returned, however often it is asked for meanwhile', async () => {
      const bytes = randomBytes(1000)
      const cache = inProcessCache({ maxEntries: 100, lifetimeMs: 60_000, isAlone: () => true })
      const registry = openRegistry(driver, { cache })
      for (let round = 0; round < 30; round++) {
        const digest = await pushBlob(registry, app, bytes)
        const asking = Array.from({ length: 5 }, () => registry.blob(app, digest))
        const deleting = registry.blobs.unlink(app, digest)
        asking.push(registry.blob(app, digest))
        assert.ok(await deleting)
        assert.equal(await registry.blob(app, digest), undefined, `round ${round}`)
        await Promise.all(asking)
        assert.equal(await registry.blob(app, digest), undefined, `round ${round}, when all had been answered`)
      }
    })
  })

  describe('of a list', () => {
    const tagName = (index: number): string => `v${String(index).padStart(6, '0')}`

    it('one page of a repository with 100,000 tags takes at most 3 lists, wherever it begins', async function () {
      this.timeout(30_000)
      const digest = digestOf(layer)
      const hex = hexIn(digest)
      for (let index = 0; index < 100_000; index++) {
        const tag = `docker/registry/v2/repositories/${app}/_manifests/tags/${tagName(index)}`
        store.server.put(store.bucket, `${tag}/current/link`, digest)
        store.server.put(store.bucket, `${tag}/index/sha256/${hex}/link`, digest)
      }
      const { tags } = openRegistry(driver)
      for (const count of [1, 100, 1000]) {
        for (const [after, first] of [
          [undefined, 0],
          [tagName(50_000), 50_001],
          [tagName(99_990), 99_991],
        ] as const) {
          // What a page needs, and one more to know whether it is the last.
          const wanted = Math.min(count + 1, 100_000 - first)
          store.server.forget()
          const page: string[] = []
          for await (const tag of tags.list(app, after === undefined ? undefined : parseTag(after))) {
            page.push(tag)
            if (page.length === wanted) break
          }
          assert.deepEqual(
            page,
            Array.from({ length: wanted }, (_, index) => tagName(first + index)),
          )
          assert.ok(lists() <= 3, `${lists()} lists for ${count} tags after ${after}`)
        }
      }
    })

    it('one page of the catalog costs what its own repositories do, not what those before and behind it do', async () => {
      const digest = digestOf(layer)
      const names = Array.from({ length: 300 }, (_, index) => `team-${String(index).padStart(3, '0')}/app`)
      for (const name of names)
        for (const kind of ['_manifests/tags/latest/current', `_manifests/revisions/sha256/${hexIn(digest)}`])
          store.server.put(store.bucket, `docker/registry/v2/repositories/${name}/${kind}/link`, digest)
      const listed: string[] = []
      await atMost(5 + 5 * 50, async () => {
        for await (const name of openRegistry(driver).repositories.list(parseRepositoryName('team-100/app'))) {
          listed.push(name)
          if (listed.length === 50) break
        }
      })
      assert.deepEqual(listed, names.slice(101, 151))
    })
  })
})
