import assert from 'node:assert/strict'
import { startProcess } from './start-process.ts'

const never = (): boolean => false
const patience = { withinMs: 10_000 }

describe('a program that ends before it is ready', () => {
  it('is noticed at once when it exits, with what it wrote', async () => {
    const running = startProcess(['sh', '-c', 'echo no room >&2; exit 3'], process.env)
    await assert.rejects(running.untilReady(never, patience), /^Error: sh ended with code 3: no room/)
    assert.equal(await running.ended, 3)
  })

  it('is noticed at once when a signal ends it, with what it wrote', async () => {
    const running = startProcess(['sh', '-c', 'echo begun; kill -9 $$'], process.env)
    await assert.rejects(running.untilReady(never, patience), /^Error: sh was ended by SIGKILL: begun/)
    assert.equal(await running.ended, 'SIGKILL')
  })

  it('is noticed at once when there is no such program', async () => {
    const running = startProcess(['no-such-program'], process.env)
    await assert.rejects(
      running.untilReady(never, patience),
      /^Error: no-such-program could not be started \(.*ENOENT\)/,
    )
  })

  it('is killed, with all that it started, when it takes too long', async () => {
    const running = startProcess(['sh', '-c', 'echo waiting; sleep 60 & wait'], process.env)
    await assert.rejects(
      running.untilReady(never, { withinMs: 300 }),
      /^Error: sh was not ready within 300 ms: waiting/,
    )
    assert.equal(await running.ended, 'SIGKILL')
  })
})
