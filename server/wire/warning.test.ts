import assert from 'node:assert/strict'
import fc from 'fast-check'
import { warningHeader } from './warning.ts'

describe('Warning headers', () => {
  it('have the code 299, no agent, no date, and the sentence in quotes', () => {
    assert.deepEqual(warningHeader(['This tag will go.', 'So will this.']), [
      '299 - "This tag will go."',
      '299 - "So will this."',
    ])
  })

  it('quote what would end the sentence, and hold no line feed', () => {
    assert.deepEqual(warningHeader(['say "hi" \\ bye\r\nX-Bad: 1']), ['299 - "say \\"hi\\" \\\\ bye  X-Bad: 1"'])
  })

  it('"MUST NOT send more than 4096 bytes of warning data from all headers combined" (spec, Warnings)', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 1500 }), { maxLength: 10 }), (sentences) => {
        const values = warningHeader(sentences)
        assert.ok(values.join('').length <= 4096)
        assert.ok(values.every((value) => /^299 - "[\x20-\x7e]*"$/.test(value)))
      }),
    )
    assert.equal(warningHeader(['x'.repeat(2000), 'y'.repeat(2000), 'z'.repeat(2000)]).length, 2)
  })

  it('are none without sentences', () => {
    assert.deepEqual(warningHeader([]), [])
  })
})
