// Two lockers as one: a lock is held in both.
import type { Lock, Locker } from './locker.ts'

/**
 * What `near` grants is then asked for in `far`. All who share a `far` locker and the same keys come to it one at a time per `near`, so whoever
 * waits there for long keeps only its own neighbours waiting, and nobody waits in a circle: who holds a far lock waits for nothing near.
 */
export function lockersInOrder(near: Locker, far: Locker): Locker {
  return {
    async acquire(keys) {
      const inner = await near.acquire(keys)
      return both(inner, await orRelease(inner, far.acquire(keys)))
    },

    async tryAcquire(key) {
      const inner = await near.tryAcquire(key)
      if (inner === undefined) return undefined
      const outer = await orRelease(inner, far.tryAcquire(key))
      if (outer !== undefined) return both(inner, outer)
      inner.release()
      return undefined
    },
  }
}

function both(inner: Lock, outer: Lock): Lock {
  return {
    // The far one first: a neighbour that is let in then asks for it when it is free already.
    release() {
      outer.release()
      inner.release()
    },
    isLost: () => (outer.isLost?.() ?? false) || (inner.isLost?.() ?? false),
  }
}

async function orRelease<T>(lock: Lock, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    lock.release()
    throw error
  }
}
