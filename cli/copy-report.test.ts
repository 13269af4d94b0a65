import assert from 'node:assert/strict'
import { createTally, type CopyTally } from '../registry/copy/tally.ts'
import { durationText, progressLine, sizeText } from './copy-report.ts'

function tallyWith(changes: Partial<CopyTally>): CopyTally {
  return { ...createTally(), ...changes }
}

describe('the progress of a copy', () => {
  it('tells how far the blobs are, at which rate they come, and when they are through', () => {
    const before = { atMs: 55_000, tally: tallyWith({ movedBytes: 2 ** 30 }) }
    const blobs = { copied: 1200, present: 34 }
    const now = { atMs: 60_000, tally: tallyWith({ share: 0.25, movedBytes: 1.5 * 2 ** 30, blobs }) }
    assert.equal(
      progressLine(now, before, 0),
      'blobs 25 %, 1200 objects copied, 34 there already, 1.5 GiB read, 102.4 MiB/s, about 3 min left for the blobs',
    )
  })

  it('tells nothing of when it ends where it cannot know', () => {
    const before = { atMs: 0, tally: tallyWith({ phase: 'blobs' }) }
    const early = { atMs: 5000, tally: tallyWith({ share: 0.001, movedBytes: 5000 }) }
    assert.equal(progressLine(early, before, 0), 'blobs 0 %, 0 objects copied, 0 there already, 4.9 KiB read, 1000 B/s')
    const late = { atMs: 5000, tally: tallyWith({ phase: 'tags', share: 1, tags: { copied: 7, present: 2 } }) }
    assert.equal(progressLine(late, before, 0), 'tags, 7 objects copied, 2 there already, 0 B read, 0 B/s')
  })

  it('is written in sizes and times that people read', () => {
    assert.deepEqual([0, 1, 1023, 1024, 1536, 2 ** 20, 2 ** 40 * 1500].map(sizeText), [
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '1.0 MiB',
      '1500.0 TiB',
    ])
    assert.deepEqual([40, 9400, 10_000, 59_000, 61_000, 3_599_000, 3_600_000, 100_000_000].map(durationText), [
      '0.0 s',
      '9.4 s',
      '10 s',
      '59 s',
      '1 min',
      '1 h 0 min',
      '1 h 0 min',
      '27 h 47 min',
    ])
  })
})
