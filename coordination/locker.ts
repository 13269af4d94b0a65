// Mutual exclusion between requests, wherever they run. Nothing but types and the one way to use them.

export interface Lock {
  /** Lets the next one in. Never throws. */
  release(): void

  /**
   * Whether others may have been let in although it was not released: this process was away for longer than its locks wait for it (paused, cut
   * off), or those who keep the locks forgot it. To be asked right before the step that must not be taken twice. What follows still has to be a
   * write that compares, since a process can be paused between the answer and the step. Lockers whose locks cannot be lost do not have it.
   */
  isLost?(): boolean
}

export interface Locker {
  /**
   * Holds all of `keys` when it resolves; waiters are served in the order in which they came. Callers that need several keys ask for them
   * in one call, or in a fixed order. A holder that dies loses its locks.
   */
  acquire(keys: readonly string[]): Promise<Lock>

  /** The lock on `key`, or undefined at once when somebody holds it. */
  tryAcquire(key: string): Promise<Lock | undefined>
}

/** Runs `work` while holding `keys`. */
export async function withLock<T>(locker: Locker, keys: readonly string[], work: () => Promise<T>): Promise<T> {
  const lock = await locker.acquire(keys)
  try {
    return await work()
  } finally {
    lock.release()
  }
}
