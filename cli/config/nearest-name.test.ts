import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { editDistance, nearestName } from './nearest-name.ts'

describe('the nearest name', () => {
  it('is found for dropped, added, replaced and swapped letters, and for wrong capitals', () => {
    const names = ['addr', 'net', 'host', 'prefix', 'tls', 'rootdirectory', 'draintimeout']
    const typed = { adr: 'addr', addrr: 'addr', hots: 'host', tsl: 'tls', ADDR: 'addr', rootdirectry: 'rootdirectory' }
    for (const [name, meant] of Object.entries(typed)) assert.equal(nearestName(name, names), meant, name)
  })

  it('is not guessed when nothing is near', () => {
    for (const name of ['x', 'middleware', 'certificate', 'service']) {
      assert.equal(nearestName(name, ['addr', 'net', 'host', 'prefix']), undefined, name)
    }
  })

  it('is measured by a distance that is symmetric and zero only for the same text', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a))
        assert.equal(editDistance(a, b) === 0, a === b)
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length))
      }),
    )
  })
})
