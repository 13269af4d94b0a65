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
