import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '../../registry/errors.ts'
import { parseContentRange, uploadedRange } from './content-range.ts'

const code = (expected: string) => (error: unknown) => error instanceof RegistryError && error.code === expected

describe('Content-Range of an upload', () => {
  it('names the first and the last byte, both included', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 40 }), (start, length) => {
        const range = parseContentRange(`${start}-${start + length - 1}`, length)
        assert.deepEqual(range, { start, length })
      }),
    )
  })

  it('may be written as RFC 9110 writes it, with a unit and a size', () => {
    for (const header of ['bytes 5-9/10', 'bytes=5-9', 'bytes 5-9/*', ' 5-9 ']) {
      assert.deepEqual(parseContentRange(header, undefined), { start: 5, length: 5 }, header)
    }
  })

  it('may be absent', () => {
    assert.equal(parseContentRange('', 10), undefined)
  })

  it('that is backwards or no range at all is RANGE_INVALID', () => {
    for (const header of [
      '9-5',
      '5',
      '-5',
      '5-',
      'a-b',
      '1-2-3',
      '0x0-0x5',
      '1.5-2',
      'items 0-5',
      '5-9/x',
      `0-${'9'.repeat(16)}`,
    ]) {
      assert.throws(() => parseContentRange(header, undefined), code('RANGE_INVALID'), header)
    }
  })

  it('that contradicts Content-Length is SIZE_INVALID', () => {
    assert.throws(() => parseContentRange('0-9', 9), code('SIZE_INVALID'))
    assert.throws(() => parseContentRange('0-9', 11), code('SIZE_INVALID'))
    assert.throws(() => parseContentRange('0-0', 0), code('SIZE_INVALID'))
  })

  it('of any text is parsed or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9 =\-/*a-z]{1,20}$/)), (header) => {
        try {
          const range = parseContentRange(header, undefined)
          assert.ok(range === undefined || (Number.isSafeInteger(range.start) && range.length > 0))
        } catch (error) {
          assert.ok(error instanceof RegistryError)
        }
      }),
    )
  })
})

describe('Range of an upload’s answers', () => {
  it('ends in the last byte that arrived, and is 0-0 before the first', () => {
    assert.deepEqual([0, 1, 2, 100].map(uploadedRange), ['0-0', '0-0', '0-1', '0-99'])
  })
})
