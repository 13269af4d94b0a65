import assert from 'node:assert/strict'
import type { Cache } from './cache.ts'
import { describeCache } from './fixtures/describe-cache.ts'
import { inProcessCache } from './in-process-cache.ts'

const maxEntries = 1000

describeCache('of a process that is alone', async (lifetimeMs) => {
  const cache = inProcessCache({ maxEntries, lifetimeMs, isAlone: () => true })
  return { first: cache, second: cache }
})

describeCache('of two processes, each with its own', async (lifetimeMs) => {
  const open = (): Cache => inProcessCache({ maxEntries, lifetimeMs, isAlone: () => false })
  return { first: open(), second: open() }
})

describe('a cache in a process', () => {
  it('waits out one lifetime when others cannot be told, and not at all when it is alone', async () => {
    let isAlone = true
    const cache = inProcessCache({ maxEntries, lifetimeMs: 100, isAlone: () => isAlone })
    const began = performance.now()
    await cache.invalidate(['key'])
    assert.ok(performance.now() - began < 100)
    isAlone = false
    const invalidated = performance.now()
    await cache.invalidate(['key'])
    assert.ok(performance.now() - invalidated >= 100)
  })

  it('makes room for what is new by what was used longest ago', async () => {
    const cache = inProcessCache({ maxEntries: 2, lifetimeMs: 10_000, isAlone: () => true })
    for (const key of ['a', 'b', 'a', 'c']) await cache.lookup(key, async () => key)
    const lookedFor: string[] = []
    for (const key of ['a', 'c', 'b']) {
      await cache.lookup(key, async () => {
        lookedFor.push(key)
        return key
      })
    }
    assert.deepEqual(lookedFor, ['b'])
  })

  it('takes no room for what it does not keep yet, however much it may', () => {
    const before = process.memoryUsage()
    const caches = [1, 2].map(() => inProcessCache({ maxEntries: 50_000_000, lifetimeMs: 1, isAlone: () => true }))
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    assert.ok(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers < 10_000_000 * caches.length)
  })

  it('keeps nothing beyond its lifetime by the time of day, as when the machine was suspended', async () => {
    const cache = inProcessCache({ maxEntries, lifetimeMs: 60_000, isAlone: () => true })
    await cache.lookup('key', async () => 'old')
    const timeOfDay = Date.now
    try {
      Date.now = () => timeOfDay() + 60_000
      assert.equal(await cache.lookup('key', async () => 'new'), 'new')
    } finally {
      Date.now = timeOfDay
    }
  })
})
