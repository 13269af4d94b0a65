import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requireLinux } from '../testing/requirements.ts'
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

  it('that is given back is no longer the process’s', async function () {
    requireLinux(this)
    const script = `
      import { giveBackMemory } from ${JSON.stringify(new URL('idle-memory.ts', import.meta.url).href)}
      let held = Array.from({ length: 4000 }, () => Buffer.allocUnsafeSlow(32 * 1024).fill(1))
      const before = process.memoryUsage.rss()
      held = undefined
      giveBackMemory()
      console.log(Math.round((before - process.memoryUsage.rss()) / 1024 / 1024))
    `
    const nodeArguments = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
    // As bin/lading sets it: glibc keeps what is freed until it is told.
    const env = { ...process.env, MALLOC_TRIM_THRESHOLD_: String(1024 * 1024 * 1024) }
    const { stdout } = await promisify(execFile)(process.execPath, nodeArguments, { env, timeout: 15_000 })
    assert.ok(Number(stdout) > 64, `${stdout.trim()} MiB of 125 were given back`)
  })
})
