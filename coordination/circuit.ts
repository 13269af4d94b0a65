// Keeps those who can do without an answer from waiting for one that did not come to others.

export interface Circuit {
  /** What the call gives, or undefined: after a failure, at once, until a call that is tried from time to time succeeds. */
  attempt<T>(call: () => Promise<T>): Promise<T | undefined>
}

export function createCircuit(pauseMs: number): Circuit {
  let pausedUntil: number | undefined

  return {
    async attempt(call) {
      const now = performance.now()
      if (pausedUntil !== undefined) {
        if (now < pausedUntil) return undefined
        // This one tries; the others go on without.
        pausedUntil = now + pauseMs
      }
      try {
        const answer = await call()
        pausedUntil = undefined
        return answer
      } catch {
        pausedUntil = performance.now() + pauseMs
        return undefined
      }
    },
  }
}
