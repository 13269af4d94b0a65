// Clients that work for as long as something is done to the servers.

/**
 * Does each of the works again and again, each time with the next number from 0, until `script` has ended; it is told when it need not go on, because a
 * work failed. Resolves to how often each was done. Rejects with the first failure of any.
 */
export async function whileWorking(
  works: readonly ((turn: number) => Promise<void>)[],
  script: (signal: AbortSignal) => Promise<void>,
): Promise<number[]> {
  const over = new AbortController()
  const { signal } = over
  const working = Promise.all(
    works.map(async (work) => {
      let turn = 0
      while (!signal.aborted) await work(turn++)
      return turn
    }),
  )
  const scripted = script(signal)
  try {
    await Promise.race([scripted, working])
  } finally {
    over.abort()
    await Promise.allSettled([scripted, working])
  }
  return working
}
