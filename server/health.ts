// Whether this server may be sent requests: named checks that others report to, and the two probes that read them.

export interface Health {
  /** Records the outcome of a check: undefined when it is fine, else what is wrong. */
  report(check: string, trouble: string | undefined): void
  /** Takes over the outcome of all checks from the process that runs them. */
  replace(troubles: Record<string, string>): void
  /** The names of the checks that fail now. */
  failingChecks(): readonly string[]
  /** What is wrong now, by check. */
  troubles(): Record<string, string>
  /** From now on the server is not ready: it is about to stop. */
  beginDrain(): void
  isDraining(): boolean
}

/** `onChange` is called after each change of a check's outcome. */
export function createHealth(onChange: () => void = () => {}): Health {
  const troubles = new Map<string, string>()
  let failing: readonly string[] = []
  let draining = false
  return {
    report(check, trouble) {
      if (troubles.get(check) === trouble) return
      if (trouble === undefined) troubles.delete(check)
      else troubles.set(check, trouble)
      failing = [...troubles.keys()]
      onChange()
    },
    replace(current) {
      troubles.clear()
      for (const [check, trouble] of Object.entries(current)) troubles.set(check, trouble)
      failing = [...troubles.keys()]
    },
    failingChecks: () => failing,
    troubles: () => Object.fromEntries(troubles),
    beginDrain: () => void (draining = true),
    isDraining: () => draining,
  }
}
