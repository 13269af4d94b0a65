import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '../../registry/errors.ts'
import { contentRange, parseByteRanges } from './byte-ranges.ts'

const isInvalid = (error: unknown): boolean => error instanceof RegistryError && error.code === 'REQUEST_INVALID'

describe('a Range header', () => {
  it('asks for the same bytes as the slice of an array does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(250), fc.nat(250), (size, first, length) => {
        const bytes = Array.from({ length: size }, (_, index) => index)
        const ranges = parseByteRanges(`bytes=${first}-${first + length}`, size)
        const expected = bytes.slice(first, first + length + 1)
        if (expected.length === 0) {
          assert.equal(ranges, 'unsatisfiable')
          return
        }
        assert.ok(Array.isArray(ranges))
        assert.deepEqual(
          ranges.map(({ start, end }) => bytes.slice(start, end + 1)),
          [expected],
        )
      }),
    )
  })

  it('may leave out the end, or ask for the last bytes', () => {
    assert.deepEqual(parseByteRanges('bytes=3-', 10), [{ start: 3, end: 9 }])
    assert.deepEqual(parseByteRanges('bytes=-3', 10), [{ start: 7, end: 9 }])
    assert.deepEqual(parseByteRanges('bytes=-30', 10), [{ start: 0, end: 9 }])
    assert.deepEqual(parseByteRanges('BYTES=0-0', 10), [{ start: 0, end: 0 }])
  })

  it('may ask for several ranges, which keep their order; those beyond the end are left out', () => {
    assert.deepEqual(parseByteRanges('bytes=5-6, 0-1 ,-1,20-30', 10), [
      { start: 5, end: 6 },
      { start: 0, end: 1 },
      { start: 9, end: 9 },
    ])
  })

  it('with no byte that is there is unsatisfiable', () => {
    for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99-100,-0', 'bytes=5-3']) {
      assert.equal(parseByteRanges(header, 10), 'unsatisfiable', header)
    }
    assert.equal(parseByteRanges('bytes=0-', 0), 'unsatisfiable')
    assert.equal(parseByteRanges('bytes=-5', 0), 'unsatisfiable')
  })

  it('that is invalid is ignored ("A server MUST ignore … an invalid ranges-specifier", RFC 9110, section 14.2)', () => {
    for (const header of [
      'bytes=-',
      'bytes=a-b',
      'bytes=1-2,x',
      'lines=1-2',
      'bytes 1-2',
      '1-2',
      'bytes=1--2',
      'bytes=0x1-2',
    ]) {
      assert.equal(parseByteRanges(header, 10), 'all', header)
    }
  })

  it('with more than a thousand ranges, or with ranges that together are more than twice the content, is refused', () => {
    assert.throws(() => parseByteRanges(`bytes=${Array(1001).fill('0-0').join(',')}`, 100_000), isInvalid)
    assert.throws(() => parseByteRanges('bytes=0-9,0-9,0-9', 10), isInvalid)
    assert.equal((parseByteRanges(`bytes=${Array(1000).fill('0-0').join(',')}`, 100_000) as unknown[]).length, 1000)
  })

  it('of any text gives ranges within the content, or none', () => {
    const specs = fc.array(fc.oneof(fc.stringMatching(/^[0-9]{0,17}-[0-9]{0,17}$/), fc.string({ maxLength: 5 })), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(specs, fc.nat(1000), (all, size) => {
        let ranges
        try {
          ranges = parseByteRanges(`bytes=${all.join(',')}`, size)
        } catch (error) {
          assert.ok(isInvalid(error))
          return
        }
        if (typeof ranges === 'string') return
        for (const { start, end } of ranges)
          assert.ok(start >= 0 && start <= end && end < size, `${start}-${end} of ${size}`)
      }),
    )
  })
})

describe('Content-Range of an answer', () => {
  it('names the first and the last byte, and the size of all', () => {
    assert.equal(contentRange({ start: 3, end: 9 }, 10), 'bytes 3-9/10')
  })
})
