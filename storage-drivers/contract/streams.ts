// Reading by range, as a stream and straight onto a socket.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import type { StorageDriver } from '../driver.ts'
import { bytesOf, collector } from './streams-in-tests.ts'

export function describeStreams(driver: () => StorageDriver): void {
  describe('streams', () => {
    it('ranges include both ends', async () => {
      const bytes = randomBytes(3_000_000)
      await driver().write('big', bytes)
      for (const [start, end] of [
        [0, 0],
        [0, 2_999_999],
        [2_999_999, 2_999_999],
        [65_535, 65_536],
        [1_000_000, 2_500_000],
      ] as const) {
        assert.deepEqual(await bytesOf(driver(), 'big', { start, end }), bytes.subarray(start, end + 1))
      }
    })
  })
}

/** For drivers that have a `sendTo`. */
export function describeSending(driver: () => StorageDriver): void {
  describe('sending', () => {
    it('sendTo delivers the same bytes as read', async () => {
      const bytes = randomBytes(1_500_000)
      await driver().write('big', bytes)
      for (const range of [
        { start: 0, end: 1_499_999 },
        { start: 70_000, end: 900_000 },
      ]) {
        const sink = collector()
        assert.equal(await driver().sendTo?.('big', range, sink.target), true)
        assert.deepEqual(sink.bytes(), bytes.subarray(range.start, range.end + 1))
      }
      assert.equal(await driver().sendTo?.('absent', { start: 0, end: 1 }, collector().target), false)
    })

    it('sendTo ends with an error when its target goes away', async () => {
      await driver().write('big', randomBytes(2_000_000))
      const target = new Writable({ highWaterMark: 1, write: () => target.destroy() })
      target.on('error', () => {})
      await assert.rejects(Promise.resolve(driver().sendTo?.('big', { start: 0, end: 1_999_999 }, target)))
    })
  })
}
