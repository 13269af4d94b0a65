// Time that has passed, for what must end in time: no clock alone is to be trusted with that.
import { setTimeout as sleep } from 'node:timers/promises'

/** Other machines' clocks may run this much slower than ours: far more than crystals differ. */
const drift = 0.01

/**
 * Milliseconds since the call. Whichever clock went further counts: the monotonic one stands still while a machine is suspended, the other one
 * is set. So what is bounded by this may end early, but never late.
 */
export function stopwatch(): () => number {
  const monotonic = performance.now()
  const wall = Date.now()
  return () => Math.max(performance.now() - monotonic, Date.now() - wall)
}

/**
 * How much is left of the time after which nothing that is bounded by `ms`, here or elsewhere, still goes on. On the monotonic clock alone:
 * setting the other one must end no wait.
 */
export function outlasting(ms: number): () => number {
  const end = performance.now() + ms * (1 + drift)
  return () => end - performance.now()
}

export async function outlast(ms: number): Promise<void> {
  const restMs = outlasting(ms)
  // Timers count from the beginning of the turn that sets them, and so may fire early.
  while (restMs() > 0) await sleep(Math.max(1, restMs()))
}
