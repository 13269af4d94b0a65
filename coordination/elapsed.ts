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

/** Resolves when nothing that is bounded by `ms`, here or elsewhere, can still go on. Setting the time of day ends no wait. */
export async function outlast(ms: number): Promise<void> {
  await sleep(ms * (1 + drift))
}

/** How much is left of that wait. */
export function outlasting(ms: number): () => number {
  const end = performance.now() + ms * (1 + drift)
  return () => end - performance.now()
}
