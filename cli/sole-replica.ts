// For stores that ignore compare-and-swap: without locks that all replicas share, there may be only one of them, and a second one refuses to start.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { replicaKey, replicasPrefix } from '../registry/layout.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'

export interface Beats {
  beatMs: number
  /** So long the beat of a replica may stay away before it counts as dead. */
  silenceMs: number
}

const usualBeats: Beats = { beatMs: 10_000, silenceMs: 35_000 }

/**
 * Resolves when no other replica lives, to the way to leave the place again. Rejects with a sentence for the operator when one does. What a killed
 * replica left is waited for, until it is certain that it beats no more.
 */
export async function becomeSoleReplica(
  driver: StorageDriver,
  { beatMs, silenceMs }: Beats = usualBeats,
): Promise<() => Promise<void>> {
  const key = replicaKey(randomUUID())
  const beat = async (): Promise<void> => void (await driver.write(key, Buffer.from(randomUUID())))
  await beat()
  const timer = setInterval(() => void beat().catch(() => {}), beatMs)
  timer.unref()
  const leave = async (): Promise<void> => {
    clearInterval(timer)
    await driver.delete(key)
  }
  try {
    for await (const other of driver.list(replicasPrefix)) {
      if (other !== key) await buryIfDead(driver, other, { beatMs, silenceMs })
    }
  } catch (error) {
    await leave()
    throw error
  }
  return leave
}

async function buryIfDead(driver: StorageDriver, other: string, { beatMs, silenceMs }: Beats): Promise<void> {
  const first = await driver.get(other)
  if (first === undefined) return
  for (let waited = 0; waited < silenceMs; waited += beatMs / 2) {
    await sleep(beatMs / 2)
    const now = await driver.get(other)
    if (now === undefined) return
    if (!now.bytes.equals(first.bytes)) {
      throw new Error(
        'another replica uses this bucket, and its store ignores compare-and-swap (If-Match): several replicas would overwrite ' +
          "each other's uploads. Give all of them the same redis section, or run one.",
      )
    }
  }
  await driver.delete(other)
}
