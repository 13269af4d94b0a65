import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../testing/wait-for.ts'
import { whenIdle } from './idle-memory.ts'

const everyMs = 20

describe('memory', () => {
  it('is given back once after a rest, not after a moment, and again after work', async () => {
    const calls: number[] = []
    const start = performance.now()
    const stop = whenIdle(everyMs, () => calls.push(performance.now() - start))
    try {
      await waitFor(() => calls.length > 0)
      assert.ok((calls[0] as number) >= 9 * everyMs, `given back after ${calls[0]} ms`)
      await sleep(20 * everyMs)
      assert.equal(calls.length, 1, 'nothing was done since, and nothing is to be given back')
      const { user, system } = process.cpuUsage()
      while (process.cpuUsage({ user, system }).user < 200_000);
      await waitFor(() => calls.length > 1)
    } finally {
      stop()
    }
  })
})
