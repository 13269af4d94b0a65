// Waits for what comes true soon, such as a line of a log.
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 5000
const pollMs = 20

/** Resolves to the first value that `find` returns that is neither undefined nor false. */
export async function waitFor<T>(find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${find.toString()}`)
    await sleep(pollMs)
  }
}

/** Whether it comes true in time: for tests that say themselves what it means when it does not. */
export async function eventually(isTrue: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(pollMs))
    if (await isTrue()) return true
  return isTrue()
}
