// Work on many things, a few at a time, that come from a list which nobody holds in memory.

/** Others get their turn after so many items: lists of folders never wait for anything. */
const itemsPerTurn = 64

/** Runs `work` for every item, at most `atOnce` at a time. After a failure begins no more, calls `stop`, waits for those that run, and throws it. */
export async function sideBySide<T>(
  items: AsyncIterable<T>,
  { atOnce, stop }: { atOnce: number; stop: (error: unknown) => void },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  const failures: unknown[] = []
  let begun = 0

  async function turn(): Promise<void> {
    try {
      while (failures.length === 0) {
        const { done, value } = await iterator.next()
        if (done) return
        if (++begun % itemsPerTurn === 0) await new Promise(setImmediate)
        await work(value)
      }
    } catch (error) {
      failures.push(error)
      stop(error)
    }
  }

  await Promise.all(Array.from({ length: atOnce }, turn))
  await iterator.return?.()
  if (failures.length > 0) throw failures[0]
}

/** Work under one name is done once at a time: who asks for it meanwhile gets the same outcome. */
export function oncePerKey<T>(): (key: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  return (key, work) => {
    const known = running.get(key)
    if (known !== undefined) return known
    const begun = work().finally(() => running.delete(key))
    running.set(key, begun)
    return begun
  }
}
