// Whether something elsewhere answers: a moment without answers is sat out, a longer one is trouble, and is told once.

export interface Reach {
  /** For longer than the grace, nothing was answered: who needs an answer goes on without. */
  isDown(): boolean
  /** Nothing was answered since the last failure. */
  isFailing(): boolean
  answered(): void
  /** What was asked at `askedAt` (of performance.now) was not answered, or with an error. */
  failed(error: unknown, askedAt: number): void
  /** Resolves once it is known whether it was but a moment. */
  settled(): Promise<void>
}

export interface ReachOptions {
  graceMs: number
  onDown: (message: string) => void
  onUp: () => void
}

export function createReach({ graceMs, onDown, onUp }: ReachOptions): Reach {
  let failingSince: number | undefined
  let isDown = false
  let timer: NodeJS.Timeout | undefined
  let waiting: (() => void)[] = []

  function settle(): void {
    clearTimeout(timer)
    timer = undefined
    const settled = waiting
    waiting = []
    for (const resolve of settled) resolve()
  }

  function goDown(error: unknown): void {
    isDown = true
    onDown(error instanceof Error ? error.message : String(error))
    settle()
  }

  return {
    isDown: () => isDown,
    isFailing: () => failingSince !== undefined,

    answered() {
      if (failingSince === undefined) return
      const wasDown = isDown
      failingSince = undefined
      isDown = false
      settle()
      if (wasDown) onUp()
    },

    failed(error, askedAt) {
      if (isDown) return
      failingSince = Math.min(failingSince ?? askedAt, askedAt)
      const restMs = failingSince + graceMs - performance.now()
      if (restMs <= 0) goDown(error)
      else timer ??= setTimeout(goDown, restMs, error)
    },

    settled() {
      if (failingSince === undefined || isDown) return Promise.resolve()
      return new Promise((resolve) => waiting.push(resolve))
    },
  }
}
