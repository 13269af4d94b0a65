// What a client does when a server dies under its request: it tries again, and counts. What no death of a server excuses is thrown at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './push-forms.ts'

export interface Retries {
  /**
   * Repeats the work as long as it fails cleanly: with a status of 500 or more, a connection that was cut, or one of the statuses in `alsoClean`.
   * Rejects with any other failure, and with the last one when the patience is over.
   */
  until<T>(work: (attempt: number) => Promise<T>, alsoClean?: readonly number[]): Promise<T>
  /** One line: how much succeeded, what failed cleanly on the way, and how long the slowest took with all its attempts. */
  summary(): string
}

const patienceMs = 60_000
const longestPauseMs = 300
const cutCodes = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE'])

export function createRetries(what: string): Retries {
  const failures = new Map<string, number>()
  let successes = 0
  let slowestMs = 0
  let mostAttempts = 0

  return {
    async until(work, alsoClean = []) {
      const start = performance.now()
      for (let attempt = 1; ; attempt++) {
        try {
          const result = await work(attempt)
          successes++
          slowestMs = Math.max(slowestMs, performance.now() - start)
          mostAttempts = Math.max(mostAttempts, attempt)
          return result
        } catch (error) {
          const kind = cleanFailure(error, alsoClean)
          if (kind === undefined || performance.now() - start > patienceMs) throw error
          failures.set(kind, (failures.get(kind) ?? 0) + 1)
        }
        await sleep(Math.random() * longestPauseMs)
      }
    },

    summary() {
      const failed = [...failures].map(([kind, count]) => `${count} × ${kind}`).join(', ')
      const slowest = `the slowest took ${(slowestMs / 1000).toFixed(1)} s, the most stubborn ${mostAttempts} attempts`
      return `${successes} ${what}; failed before: ${failed || 'none'}; ${slowest}`
    },
  }
}

function cleanFailure(error: unknown, alsoClean: readonly number[]): string | undefined {
  if (error instanceof Refusal) {
    const { status } = error.answer
    return status >= 500 || alsoClean.includes(status) ? String(status) : undefined
  }
  return cutCodes.has((error as NodeJS.ErrnoException).code ?? '') ? 'cut' : undefined
}
