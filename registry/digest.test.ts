import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { algorithmOf, createDigester, digestIn, digestOf, hexOf, parseAlgorithm, parseDigest } from './digest.ts'

const sha256OfNothing = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const sha512OfNothing =
  'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e'

describe('digests', () => {
  it('sha256 with 64 and sha512 with 128 lower-case hexadecimal digits are accepted', () => {
    assert.equal(parseDigest(sha256OfNothing), sha256OfNothing)
    assert.equal(parseDigest(sha512OfNothing), sha512OfNothing)
  })

  const refused: Record<string, string> = {
    'one digit short': sha256OfNothing.slice(0, -1),
    'one digit long': `${sha256OfNothing}0`,
    'a sha512 of sha256 length': `sha512:${'a'.repeat(64)}`,
    'a sha256 of sha512 length': `sha256:${'a'.repeat(128)}`,
    'upper case': `sha256:${'A'.repeat(64)}`,
    'one upper-case digit': `sha256:${'a'.repeat(63)}F`,
    'an algorithm in upper case': `SHA256:${'a'.repeat(64)}`,
    'an unknown algorithm': `md5:${'a'.repeat(32)}`,
    'a registered algorithm that is not computed here': `sha384:${'a'.repeat(96)}`,
    'no algorithm': `:${'a'.repeat(64)}`,
    'no colon': `sha256${'a'.repeat(64)}`,
    'no digits': 'sha256:',
    'a letter that is no digit': `sha256:${'a'.repeat(63)}g`,
    'a newline at the end': `sha256:${'a'.repeat(63)}\n`,
    'a newline behind the end': `${sha256OfNothing}\n`,
    'a space before': ` ${sha256OfNothing}`,
    'a second colon': `sha256:${'a'.repeat(31)}:${'a'.repeat(32)}`,
    'a slash': `sha256:../${'a'.repeat(61)}`,
    'an empty text': '',
    'the name of an object property': `constructor:${'a'.repeat(64)}`,
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`${what} is refused with DIGEST_INVALID, and no digest in a link`, () => {
      assert.throws(() => parseDigest(text), { code: 'DIGEST_INVALID', status: 400 })
      assert.equal(digestIn(text), undefined)
    })
  }

  it('what is told of a refused digest has a bounded length', () => {
    assert.throws(
      () => parseDigest('x'.repeat(100_000)),
      (error: Error & { entries?: unknown }) => JSON.stringify(error.entries).length < 1000,
    )
  })

  it('whatever is accepted is made of an algorithm and its exact digits, and nothing else', () => {
    const almost = fc.tuple(
      fc.constantFrom('sha256', 'sha512', 'SHA256', 'sha1', ''),
      fc.constantFrom(':', '', '-'),
      fc.stringMatching(/^[0-9a-fA-Fg/.%\n]{60,130}$/),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          almost.map((parts) => parts.join('')),
        ),
        (text) => {
          const accepted = digestIn(text)
          assert.equal(accepted !== undefined, /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$(?!\n)/.test(text))
          if (accepted !== undefined) assert.equal(`${algorithmOf(accepted)}:${hexOf(accepted)}`, text)
        },
      ),
    )
  })

  it('the algorithms are sha256 and sha512; another is refused', () => {
    assert.equal(parseAlgorithm('sha256'), 'sha256')
    assert.equal(parseAlgorithm('sha512'), 'sha512')
    for (const text of ['sha1', 'SHA256', '', 'sha256 ', 'toString']) {
      assert.throws(() => parseAlgorithm(text), { code: 'DIGEST_INVALID' })
    }
  })

  it('the digest of bytes is the same whether they come at once or in pieces', () => {
    assert.equal(digestOf(Buffer.alloc(0)), sha256OfNothing)
    assert.equal(digestOf(Buffer.alloc(0), 'sha512'), sha512OfNothing)
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array()),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (pieces, algorithm) => {
          const digester = createDigester(algorithm)
          pieces.forEach((piece) => {
            digester.update(piece)
            // Asking in between disturbs nothing.
            digester.digest()
          })
          const expected = createHash(algorithm).update(Buffer.concat(pieces)).digest('hex')
          assert.equal(digester.digest(), `${algorithm}:${expected}`)
          assert.equal(digestOf(Buffer.concat(pieces), algorithm), digester.digest())
        },
      ),
    )
  })
})
