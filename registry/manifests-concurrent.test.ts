import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { inProcessLocker } from '../coordination/in-process.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { digestOf, type Digest } from './digest.ts'
import { assertSound } from './fixtures/assert-sound.ts'
import { app, imageBytes, latest, pushImage, pushImageBlobs } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { shuffled } from './fixtures/shuffled.ts'
import { parseTag } from './names.ts'

const writers = Array.from({ length: 20 }, (_, index) => `writer ${index}`)

describeOnDrivers('conditional pushes', (driver) => {
  const absent = (current: Digest | undefined): boolean => current === undefined
  const isStill = (expected: Digest) => (current: Digest | undefined) => current === expected

  it('of twenty that each expect to make the tag (If-None-Match: *), one wins', async () => {
    await assertOneWins(driver, absent)
  })

  it('of twenty that each expect the tag as they saw it (If-Match), one wins', async () => {
    const seen = await pushImage(openRegistry(driver()), app, 'seen', 'latest')
    await assertOneWins(driver, isStill(seen))
  })

  it('one that does not find what it expects is refused, told what is there, and moves no tag', async () => {
    const registry = openRegistry(driver())
    const seen = await pushImage(registry, app, 'seen', 'latest')
    const push = { bytes: image('next'), contentType: undefined }
    const both = [parseTag('another'), latest]
    await assert.rejects(registry.manifests.put(app, { ...push, tags: both, condition: absent }), (error: unknown) => {
      const { code, status, entries } = error as { code: string; status: number; entries: { detail: unknown }[] }
      assert.deepEqual(
        [code, status, entries[0]?.detail],
        ['PRECONDITION_FAILED', 412, { reference: 'latest', digest: seen }],
      )
      return true
    })
    const gone = registry.manifests.put(app, { ...push, tags: [parseTag('another')], condition: isStill(seen) })
    await assert.rejects(gone, { code: 'PRECONDITION_FAILED' })
    assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), ['latest'])
    assert.equal((await registry.manifest(app, latest))?.digest, seen)
    assert.equal(await registry.manifest(app, digestOf(push.bytes)), undefined)
    await registry.manifests.put(app, { ...push, tags: [latest], condition: isStill(seen) })
    assert.equal((await registry.manifest(app, latest))?.digest, digestOf(push.bytes))
  })
})

describe('a push by tag and a delete by digest at the same time', () => {
  it('of the same manifest: it is there with its tag, or gone with it', async () => {
    await underAnyInterleaving(async ({ first, second, digest }) => {
      await Promise.all([second.manifests.delete(app, digest), put(first, image('old'), 'latest', 'another')])
    })
  })

  it('of the manifest that the tag leaves: the tag points at the new one afterwards', async () => {
    await underAnyInterleaving(async ({ first, second, digest, plain }) => {
      await Promise.all([put(first, image('new'), 'latest'), second.manifests.delete(app, digest)])
      assert.equal((await plain.manifest(app, latest))?.digest, digestOf(image('new')))
    })
  })

  it('of the manifest that the tag goes back to: nothing dangles', async () => {
    await underAnyInterleaving(async ({ first, second, digest, plain }) => {
      await put(plain, image('new'), 'latest')
      await Promise.all([
        second.manifests.delete(app, digest),
        put(first, image('old'), 'latest'),
        put(second, image('new'), 'latest'),
      ])
      assert.ok(await plain.manifest(app, digestOf(image('new'))))
    })
  })

  it('of the manifest that another tag has just got and leaves again: the tag is not lost', async () => {
    await underAnyInterleaving(async ({ first, second, digest, plain }) => {
      const passing = async (): Promise<void> => {
        await put(first, image('old'), 'passing')
        await put(first, image('new'), 'passing')
      }
      await Promise.all([second.manifests.delete(app, digest), passing()])
      assert.equal((await plain.manifest(app, parseTag('passing')))?.digest, digestOf(image('new')))
    })
  })

  it('with the tag being deleted too: nothing dangles', async () => {
    await underAnyInterleaving(async ({ first, second, digest }) => {
      await Promise.all([
        first.manifests.deleteTag(app, latest),
        second.manifests.delete(app, digest),
        put(first, image('new'), 'latest'),
        first.manifests.delete(app, digestOf(image('new'))),
      ])
    })
  })

  it('of a referrer: it is listed if and only if it is there', async () => {
    await underAnyInterleaving(async ({ first, second, digest, plain }) => {
      const subject = { mediaType: 'a/b', digest, size: 1 }
      const referrer = imageBytes({ subject })
      await put(plain, referrer)
      await Promise.all([put(first, referrer), second.manifests.delete(app, digestOf(referrer))])
      const isThere = (await plain.manifest(app, digestOf(referrer))) !== undefined
      assert.equal((await Array.fromAsync(plain.referrers.list(app, digest, {}))).length, isThere ? 1 : 0)
    })
  })
})

interface Processes {
  /** Two processes whose storage calls interleave. */
  first: ReturnType<typeof openRegistry>
  second: ReturnType<typeof openRegistry>
  /** A third one, whose calls do not. */
  plain: ReturnType<typeof openRegistry>
  /** Of `image('old')`, which `latest` and `other` point at. */
  digest: Digest
}

async function underAnyInterleaving(story: (processes: Processes) => Promise<void>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const beneath = openMemoryDriver()
      const locker = inProcessLocker()
      const [first, second] = [1, 2].map(() => openRegistry(shuffled(beneath, scheduler), { locker }))
      const plain = openRegistry(beneath, { locker })
      assert.ok(first && second)
      await pushImageBlobs(plain, app)
      await put(plain, image('old'), 'latest', 'other')
      await scheduler.waitFor(story({ first, second, plain, digest: digestOf(image('old')) }))
      await assertSound(beneath)
    }),
    { numRuns: 60 },
  )
}

async function assertOneWins(
  driver: () => Parameters<typeof openRegistry>[0],
  condition: (current: Digest | undefined) => boolean,
): Promise<void> {
  const locker = inProcessLocker()
  await pushImageBlobs(openRegistry(driver()), app)
  const outcomes = await Promise.allSettled(
    writers.map((writer) => {
      const push = { bytes: image(writer), contentType: undefined, tags: [latest], condition }
      return openRegistry(driver(), { locker }).manifests.put(app, push)
    }),
  )
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  const codes = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => (reason as { code: string }).code)
  assert.equal(winners.length, 1)
  assert.deepEqual([...new Set(codes)], ['PRECONDITION_FAILED'])
  assert.equal((await openRegistry(driver()).manifest(app, latest))?.digest, winners[0]?.value.digest)
}

function image(name: string): Buffer {
  return imageBytes({ annotations: { name } })
}

async function put(registry: ReturnType<typeof openRegistry>, bytes: Buffer, ...tags: string[]): Promise<void> {
  await registry.manifests.put(app, { bytes, contentType: undefined, tags: tags.map(parseTag) })
}
