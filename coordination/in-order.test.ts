import assert from 'node:assert/strict'
import { describeLocker } from './contract.ts'
import { lockersInOrder } from './in-order.ts'
import { inProcessLocker } from './in-process.ts'
import type { Locker } from './locker.ts'

describeLocker('of two in order', async () => {
  const locker = lockersInOrder(inProcessLocker(), inProcessLocker())
  return { first: locker, second: locker }
})

describe('lockers in order', () => {
  const open = () => {
    const [near, far] = [inProcessLocker(), inProcessLocker()]
    return { near, far, locker: lockersInOrder(near, far) }
  }

  it('hold a lock in both, and release it in both', async () => {
    const { near, far, locker } = open()
    const locks = [await locker.acquire(['key']), await locker.tryAcquire('other')]
    for (const one of [near, far]) {
      assert.equal(await one.tryAcquire('key'), undefined)
      assert.equal(await one.tryAcquire('other'), undefined)
    }
    for (const lock of locks) lock?.release()
    for (const one of [near, far]) (await one.acquire(['key', 'other'])).release()
  })

  it('wait in the second with the first held, and try without leaving anything in the first', async () => {
    const { near, far, locker } = open()
    const held = await far.acquire(['key'])
    assert.equal(await locker.tryAcquire('key'), undefined)
    ;(await near.acquire(['key'])).release()
    const waiting = locker.acquire(['key'])
    assert.equal(await near.tryAcquire('key'), undefined)
    held.release()
    ;(await waiting).release()
  })

  it('never wait in a circle, though each has neighbours of its own and keys come in any order', async () => {
    const far = inProcessLocker()
    const lockers = [1, 2, 3].map(() => lockersInOrder(inProcessLocker(), far))
    const keys = ['a', 'b', 'c', 'd']
    const holders = new Set<string>()
    const use = async (locker: Locker): Promise<void> => {
      const wanted = keys.filter(() => Math.random() < 0.5).sort(() => Math.random() - 0.5)
      const lock = await locker.acquire(wanted)
      for (const key of wanted) assert.ok(!holders.has(key))
      for (const key of wanted) holders.add(key)
      await new Promise((resolve) => setImmediate(resolve))
      for (const key of wanted) holders.delete(key)
      lock.release()
    }
    await Promise.all(Array.from({ length: 300 }, (_, index) => use(lockers[index % 3] as Locker)))
  })

  it('hold nothing when the second fails', async () => {
    const near = inProcessLocker()
    const fail = (): Promise<never> => Promise.reject(new Error('no lock'))
    const locker = lockersInOrder(near, { acquire: fail, tryAcquire: fail })
    await assert.rejects(locker.acquire(['key']), /^Error: no lock$/)
    await assert.rejects(locker.tryAcquire('key'), /^Error: no lock$/)
    ;(await near.acquire(['key'])).release()
  })

  it('say that a lock is lost when either says so', async () => {
    let isLost = false
    const far: Locker = {
      acquire: async () => ({ release() {}, isLost: () => isLost }),
      tryAcquire: async () => undefined,
    }
    for (const locker of [lockersInOrder(inProcessLocker(), far), lockersInOrder(far, inProcessLocker())]) {
      isLost = false
      const lock = await locker.acquire(['key'])
      assert.equal(lock.isLost?.(), false)
      isLost = true
      assert.equal(lock.isLost?.(), true)
    }
  })
})
