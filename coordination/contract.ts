// The promises of locker.ts as a mocha suite: every locker passes all of it.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock, type Lock, type Locker } from './locker.ts'

/** How long a lock that nobody may get is waited for. */
const settledMs = 30

/** Two parties that lock the same things: two requests, or requests in two processes. */
export interface LockerPair {
  first: Locker
  second: Locker
}

/** `open` gives lockers on which nothing is held. */
export function describeLocker(name: string, open: () => Promise<LockerPair>): void {
  describe(`locker ${name}`, () => {
    let first: Locker
    let second: Locker

    beforeEach(async () => {
      ;({ first, second } = await open())
    })

    describeMutualExclusion(() => [first, second])
    describeSeveralKeys(() => [first, second])
    describeTrying(() => [first, second])
    describeWithLock(() => [first, second])
  })
}

type Pair = () => [Locker, Locker]

function describeMutualExclusion(pair: Pair): void {
  it('lets one in at a time, of whichever party, and everyone in the end', async () => {
    let inside = 0
    let served = 0
    const enter = async (locker: Locker): Promise<void> => {
      const lock = await locker.acquire(['key'])
      assert.equal(++inside, 1)
      await sleep(Math.random() * 3)
      inside--
      served++
      lock.release()
    }
    await Promise.all(Array.from({ length: 40 }, (_, index) => enter(pair()[index % 2 === 0 ? 0 : 1])))
    assert.equal(served, 40)
  })

  it('makes the other party wait until the lock is released', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['key'])
    const waiting = watch(second.acquire(['key']))
    await sleep(settledMs)
    assert.equal(waiting.isSettled(), false)
    held.release()
    ;(await waiting.lock).release()
  })

  it('serves waiters in the order in which they came', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['key'])
    const order: number[] = []
    const waiters: Promise<void>[] = []
    const queue = async (locker: Locker, index: number): Promise<void> => {
      const lock = await locker.acquire(['key'])
      order.push(index)
      lock.release()
    }
    for (let index = 0; index < 10; index++) {
      const locker = index % 2 === 0 ? first : second
      waiters.push(queue(locker, index))
      // An answer means that what was asked before has arrived.
      await locker.tryAcquire('key')
    }
    held.release()
    await Promise.all(waiters)
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('lets those pass who want something else', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['key'])
    for (const key of ['other', 'key2', 'ke', '', 'KEY', '__proto__', 'constructor']) {
      ;(await second.acquire([key])).release()
    }
    held.release()
  })

  it('releasing twice is harmless: it takes nothing from the next holder', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['key'])
    held.release()
    const next = await second.acquire(['key'])
    held.release()
    await sleep(settledMs)
    assert.equal(await first.tryAcquire('key'), undefined)
    next.release()
    ;(await first.acquire(['key'])).release()
  })
}

function describeSeveralKeys(pair: Pair): void {
  it('several keys are held together and released together', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['a', 'b', 'c'])
    for (const key of ['a', 'b', 'c']) assert.equal(await second.tryAcquire(key), undefined)
    held.release()
    for (const key of ['a', 'b', 'c']) (await second.acquire([key])).release()
  })

  it('a request for several keys waits for all of them', async () => {
    const [first, second] = pair()
    const a = await first.acquire(['a'])
    const b = await first.acquire(['b'])
    const waiting = watch(second.acquire(['b', 'a']))
    b.release()
    await sleep(settledMs)
    assert.equal(waiting.isSettled(), false)
    a.release()
    ;(await waiting.lock).release()
  })

  it('requests for the same keys in any order never wait for each other in a circle', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e']
    const requests = Array.from({ length: 120 }, (_, index) => {
      const wanted = keys.filter(() => Math.random() < 0.5)
      return { locker: pair()[index % 2 === 0 ? 0 : 1], wanted: index % 3 === 0 ? wanted.toReversed() : wanted }
    })
    const holders = new Set<string>()
    await Promise.all(
      requests.map(async ({ locker, wanted }) => {
        const lock = await locker.acquire(wanted)
        for (const key of wanted) assert.ok(!holders.has(key))
        for (const key of wanted) holders.add(key)
        await sleep(Math.random() * 2)
        for (const key of wanted) holders.delete(key)
        lock.release()
      }),
    )
    for (const key of keys) (await pair()[0].acquire([key])).release()
  })

  it('a key that is named twice is held once', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['a', 'a', 'b', 'a'])
    held.release()
    ;(await second.acquire(['a'])).release()
  })

  it('no keys at all are granted at once', async () => {
    const [first] = pair()
    ;(await first.acquire([])).release()
  })
}

function describeTrying(pair: Pair): void {
  it('tryAcquire gives the lock that is free, and nothing while somebody holds it', async () => {
    const [first, second] = pair()
    const held = (await first.tryAcquire('key')) ?? assert.fail('a free lock was refused')
    assert.equal(await second.tryAcquire('key'), undefined)
    assert.equal(await first.tryAcquire('key'), undefined)
    held.release()
    const lock = (await take(second, 'key')) ?? assert.fail('a free lock was refused')
    lock.release()
  })

  it('what tryAcquire gave, others wait for', async () => {
    const [first, second] = pair()
    const held = (await first.tryAcquire('key')) ?? assert.fail('a free lock was refused')
    const waiting = watch(second.acquire(['other', 'key']))
    await sleep(settledMs)
    assert.equal(waiting.isSettled(), false)
    held.release()
    ;(await waiting.lock).release()
  })

  it('a refused tryAcquire leaves nothing behind', async () => {
    const [first, second] = pair()
    const held = await first.acquire(['key'])
    for (const _ of [1, 2, 3]) assert.equal(await second.tryAcquire('key'), undefined)
    held.release()
    ;(await second.acquire(['key'])).release()
  })

  it('of many that try at once, one gets it', async () => {
    const attempts = Array.from({ length: 20 }, (_, index) => pair()[index % 2 === 0 ? 0 : 1].tryAcquire('key'))
    const got = (await Promise.all(attempts)).filter((lock) => lock !== undefined)
    assert.equal(got.length, 1)
    got[0]?.release()
  })
}

function describeWithLock(pair: Pair): void {
  it('withLock gives what the work gave, and releases also when the work fails', async () => {
    const [first, second] = pair()
    assert.equal(await withLock(first, ['key'], async () => 5), 5)
    const failing = withLock(first, ['key'], () => Promise.reject(new Error('the work failed')))
    await assert.rejects(failing, /the work failed/)
    assert.equal(await withLock(second, ['key'], async () => 6), 6)
  })
}

/** Releases travel: a lock that another process has just released may be a moment away. */
async function take(locker: Locker, key: string): Promise<Lock | undefined> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const lock = await locker.tryAcquire(key)
    if (lock !== undefined) return lock
    await sleep(2)
  }
  return undefined
}

function watch(lock: Promise<Lock>): { lock: Promise<Lock>; isSettled: () => boolean } {
  let settled = false
  const watched = lock.finally(() => (settled = true))
  return { lock: watched, isSettled: () => settled }
}
