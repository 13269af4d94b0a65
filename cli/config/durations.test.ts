import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { formatDuration, parseDuration } from './durations.ts'

describe('durations', () => {
  it('are read as Go reads them', () => {
    const cases = { '168h': 604_800_000, '1h30m': 5_400_000, '500ms': 500, '1.5s': 1500, '1.001s': 1001, '100us': 0.1 }
    for (const [text, milliseconds] of Object.entries(cases)) assert.equal(parseDuration(text), milliseconds, text)
    assert.equal(parseDuration('.5m'), 30_000)
    assert.equal(parseDuration('+2s'), 2000)
    assert.equal(parseDuration('-2s'), -2000)
    assert.equal(parseDuration('7µs'), 0.007)
  })

  it('count nanoseconds when there is no unit', () => {
    assert.equal(parseDuration('0'), 0)
    assert.equal(parseDuration('10000000000'), 10_000)
    assert.equal(parseDuration('-1'), -0.000_001)
  })

  it('are refused in any other form', () => {
    for (const text of ['', 'h', '1', '5 s', '1d', '1.5', 's5', '1h-3m', 'soon', '9999999h', '1e3s', '..s', '.s']) {
      assert.equal(parseDuration(text), text === '1' ? 0.000_001 : undefined, text)
    }
  })

  it('are written so that they are read back the same', () => {
    const nanoseconds = fc.oneof(
      fc.integer({ min: 0, max: 2 ** 42 }),
      fc.integer({ min: 0, max: 1e7 }).map((n) => n * 1e6),
    )
    fc.assert(
      fc.property(nanoseconds, fc.boolean(), (count, negative) => {
        const milliseconds = count === 0 ? 0 : (negative ? -count : count) / 1e6
        assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds)
      }),
    )
  })

  it('are written in the largest units', () => {
    assert.deepEqual([0, 25_000, 604_800_000, 5_400_000, 500, 1500, 0.1, 0.000_001].map(formatDuration), [
      '0s',
      '25s',
      '168h',
      '1h30m',
      '500ms',
      '1.5s',
      '100us',
      '1ns',
    ])
  })
})
