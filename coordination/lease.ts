// How long this process is still believed to be alive elsewhere, as far as it can know itself.

export interface Lease {
  /** A call that was sent so long ago, and that renews the lease, was answered. */
  renewed(ageMs: () => number): void
  /** Whether so much time has passed since the last renewal, or any other span, that what was held may be gone. */
  isOver(ageMs?: () => number): boolean
  /** Another number each time the lease was over before it was renewed: what was held in an earlier era may be gone, and has to be asked for. */
  era(): number
}

/** The part of the lease before whose end it is no longer relied on. Its keeper may have shortened it by half as much. */
const caution = 0.1

export function createLease(leaseMs: number): Lease {
  const trustedMs = leaseMs * (1 - caution)
  /** Since before the latest renewal was sent: the keeper counts from later. */
  let latestAgeMs = (): number => Infinity
  let era = 0

  return {
    renewed(ageMs) {
      const sinceLatestMs = latestAgeMs() - ageMs()
      if (sinceLatestMs <= 0) return
      if (sinceLatestMs >= trustedMs) era++
      latestAgeMs = ageMs
    },

    isOver: (ageMs = latestAgeMs) => ageMs() >= trustedMs,

    era: () => era,
  }
}
