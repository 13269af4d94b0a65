// A process that dies before one of its requests to S3, each in turn: what the driver's own tests by calls cannot see lies between two requests.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inProcessLocker } from '../coordination/in-process.ts'
import { purgeExpiredUploads } from '../gc/expired-uploads.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { FakeStore } from '../storage-drivers/s3/fixtures/fake-store.ts'
import { inTurns } from '../storage-drivers/s3/in-turns.ts'
import { digestOf } from './digest.ts'
import { assertSound } from './fixtures/assert-sound.ts'
import { app, hexIn, imageBytes, keysOf, latest, pushImage, pushImageBlobs, readBlob } from './fixtures/content.ts'
import { openRegistry, recordingLog } from './fixtures/open-registry.ts'
import { sessionFor, type PushForm, type PushSession } from './fixtures/push-forms.ts'
import { askedForBytes, largeBytes, openSmall, s3Pushes, startSmallStore } from './fixtures/s3-pushes.ts'
import { parseTag } from './names.ts'
import type { Registry } from './registry.ts'

const storiesAtOnce = 8
/** The owner of an upload counts as dead at once: in these stories it is. */
const times = { beatMs: 1000, silentOwnerMs: 100, ownerPollMs: 10 }

interface Story<T> {
  prepare: (registry: Registry) => Promise<T>
  /** In the process that dies. */
  work: (registry: Registry, client: T) => Promise<unknown>
  /** In another one, after the storage was found sound. */
  afterwards: (registry: Registry, client: T, store: FakeStore, driver: StorageDriver) => Promise<void>
}

describe('a process that dies between two requests to S3', function () {
  this.timeout(60_000)

  const sizes: Record<string, number> = {
    'POST and PUT': askedForBytes,
    'one streamed PATCH': largeBytes,
    'chunks, the last one in the PUT': 200_000,
  }
  for (const [form, size] of Object.entries(sizes)) {
    const push = s3Pushes[form] as PushForm
    it(`in a push by ${form}: shows nothing wrong, the push goes on in another process, and nothing is left behind`, () => {
      const bytes = randomBytes(size)
      return atEveryRequest({
        prepare: async () => sessionFor(bytes),
        work: push,
        async afterwards(registry, session, store, driver) {
          await push(registry, session)
          await assertOnlyTheBlobIsLeft(registry, session, store, driver)
        },
      })
    })
  }

  it('in the PUT that ends an upload: the same PUT succeeds in another process, as often as that dies too', async () => {
    for (const size of [100, largeBytes]) {
      const bytes = randomBytes(size)
      await atEveryRequest({
        async prepare(registry) {
          const session = sessionFor(bytes)
          session.id = await registry.uploads.start(app, 'sha256')
          await registry.uploads.append(app, session.id, { chunks: inBatches(bytes), start: 0, length: size })
          return session
        },
        work: (registry, session) => finish(registry, session),
        async afterwards(registry, session, store, driver) {
          for (const nth of [2, 4, 6]) {
            const dying = openRegistry(await openSmall(store, dyingAt(nth)))
            await finish(dying, session).catch(() => {})
          }
          await finish(registry, session)
          await finish(registry, session)
          await assertOnlyTheBlobIsLeft(registry, session, store, driver)
        },
      })
    }
  })

  it('in the push of a manifest: every link and every tag leads to something whole', () => {
    const bytes = imageBytes({ annotations: { name: 'new' } })
    const push = { bytes, contentType: undefined, tags: ['latest', '1.0'].map(parseTag) }
    return atEveryRequest({
      prepare: async (registry) => {
        await pushImageBlobs(registry, app)
        return pushImage(registry, app, 'old', 'latest')
      },
      work: (registry) => registry.manifests.put(app, push),
      async afterwards(registry, old) {
        const now = (await registry.manifest(app, latest))?.digest
        assert.ok(now === old || now === digestOf(bytes))
        await registry.manifests.put(app, push)
        for (const tag of push.tags) assert.equal((await registry.manifest(app, tag))?.digest, digestOf(bytes))
      },
    })
  })
})

describe('a manifest whose bytes cannot be written', () => {
  it('leaves no link to them, and no tag', async () => {
    const store = await startSmallStore()
    const driver = await openSmall(store)
    const registry = openRegistry(driver)
    await pushImageBlobs(registry, app)
    store.server.fault({ operation: 'PutObject', key: /blobs/, times: 6 }, { kind: 'cut-request', afterBytes: 0 })
    const push = { bytes: imageBytes(), contentType: undefined, tags: [latest] }
    await assert.rejects(registry.manifests.put(app, push))
    await assertSound(driver)
    assert.equal(await registry.manifest(app, latest), undefined)
    await store.close()
  })
})

/** Dies for good before the nth request. `hasDied` tells whether it came so far. */
function dyingAt(nth: number) {
  let count = 0
  const onAttempt = (): void => {
    if (++count >= nth) throw new Error('the process has died')
  }
  return { times, onAttempt, hasDied: () => count >= nth }
}

async function atEveryRequest<T>(story: Story<T>): Promise<void> {
  let isOver = false
  // One more in each turn, until one comes to its end.
  await inTurns(
    Array.from({ length: 200 }, (_, index) => index + 1),
    storiesAtOnce,
    async (nth) => {
      if (isOver) return
      if (!(await dieAt(story, nth))) isOver = true
    },
  )
  assert.ok(isOver, 'the work never ends')
}

/** False when the work ended before. */
async function dieAt<T>(story: Story<T>, nth: number): Promise<boolean> {
  const store = await startSmallStore()
  try {
    const client = await story.prepare(openRegistry(await openSmall(store, { times })))
    const death = dyingAt(nth)
    await story.work(openRegistry(await openSmall(store, death)), client).catch((error: unknown) => {
      if (!death.hasDied()) throw error
    })
    const requests = store.server.requests.map(({ operation, key }) => `${operation} ${key}`)
    try {
      const driver = await openSmall(store, { times })
      await assertSound(driver)
      await story.afterwards(openRegistry(driver), client, store, driver)
      await assertSound(driver)
    } catch (error) {
      throw new Error(`after a death behind ${requests.at(-1)} (request ${nth - 1})`, { cause: error })
    }
    return death.hasDied()
  } finally {
    await store.close()
  }
}

async function finish(registry: Registry, { id, digest }: PushSession): Promise<void> {
  if (id !== undefined) await registry.uploads.finish(app, id, digest)
}

async function* inBatches(bytes: Buffer) {
  for (let start = 0; start < bytes.length; start += 10_000) yield [Buffer.from(bytes.subarray(start, start + 10_000))]
}

async function assertOnlyTheBlobIsLeft(
  registry: Registry,
  { digest, bytes }: PushSession,
  store: FakeStore,
  driver: StorageDriver,
): Promise<void> {
  const { log, logged } = recordingLog()
  const parts = { driver, repositories: registry.repositories, locker: inProcessLocker(), log }
  await purgeExpiredUploads({ ...parts, now: () => Date.now() + 10_000 }, { ageMs: 5000, dryRun: false })
  assert.deepEqual(
    logged.filter(({ level }) => level !== 'info'),
    [],
  )
  assert.ok((await readBlob(registry, app, digest))?.equals(bytes))
  const hex = hexIn(digest)
  assert.deepEqual(await keysOf(driver), [
    `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
    `docker/registry/v2/repositories/team/app/_layers/sha256/${hex}/link`,
  ])
  assert.deepEqual(store.server.openUploads(store.bucket), [])
}
