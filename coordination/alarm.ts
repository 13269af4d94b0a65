// One timer for several who want the same thing done, each within a time of its own.

export interface Alarm {
  /** Rings within `ms`, unless it does so anyway. */
  within(ms: number): void
  /** Never rings again. */
  stop(): void
}

/** Keeps no process alive. */
export function createAlarm(ring: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined
  let dueAt = Infinity
  let isStopped = false

  return {
    within(ms) {
      const at = performance.now() + ms
      if (isStopped || at >= dueAt) return
      clearTimeout(timer)
      dueAt = at
      timer = setTimeout(() => {
        dueAt = Infinity
        ring()
      }, ms).unref()
    },

    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
