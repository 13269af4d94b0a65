import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { digestOf } from './digest.ts'
import {
  isDigest,
  parseReference,
  parseRepositoryName,
  parseTag,
  parseUploadId,
  repositoryNameIn,
  tagIn,
} from './names.ts'

const separators = ['.', '_', '__', '-', '--', '-----']
const word = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom(...separators), word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''))
const name = fc.array(component, { minLength: 1, maxLength: 5 }).map((components) => components.join('/'))
/** Text that looks like a name more often than chance would have it. */
const nearName = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[a-z0-9A-Z._%\-/\n\0é]{0,40}$/),
  fc
    .tuple(name, fc.constantFrom('..', '//', '%2F', 'A', '/', '.', '-', '\n', '___', '._'), name)
    .map((parts) => parts.join('')),
)

describe('repository names', () => {
  it('every name of the specification is accepted, unchanged', () => {
    fc.assert(fc.property(name, (text) => text.length > 255 || parseRepositoryName(text) === text))
    for (const text of ['a', '0', 'a.b', 'a_b', 'a__b', 'a-b', 'a---b', 'library/hello-world', 'a/b/c/d/e/f']) {
      assert.equal(parseRepositoryName(text), text)
    }
  })

  it('no accepted name contains `..`, `//`, upper case or `%`, or leaves its alphabet', () => {
    fc.assert(
      fc.property(nearName, (text) => {
        const accepted = repositoryNameIn(text)
        if (accepted === undefined) return
        assert.equal(accepted, text)
        assert.doesNotMatch(text, /\.\.|\/\/|[A-Z]|%|^[/._-]|[/._-]$|\/[._-]|[._-]\/|___|[^a-z0-9._/-]/)
      }),
      { numRuns: 2000 },
    )
  })

  const refused = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'a/../b',
    '..',
    '.',
    'a..b',
    '-a',
    'a-',
    '_a',
    'a_',
    'a___b',
    'a._b',
    'a/_layers',
    'A',
    'a/B',
  ]
  for (const text of [...refused, 'a%2Fb', 'a b', 'a\n', 'a\0', 'ä', 'a:b', 'a@b', 'a\\b', 'a/./b']) {
    it(`${JSON.stringify(text)} is refused with NAME_INVALID`, () => {
      assert.throws(() => parseRepositoryName(text), { code: 'NAME_INVALID', status: 400 })
      assert.equal(repositoryNameIn(text), undefined)
    })
  }

  it('255 characters are accepted, 256 are refused with the limit in the message', () => {
    const longest = `${'a'.repeat(127)}/${'b'.repeat(127)}`
    assert.equal(longest.length, 255)
    assert.equal(parseRepositoryName(longest), longest)
    assert.throws(() => parseRepositoryName(`${longest}c`), { code: 'NAME_INVALID', message: /255/ })
  })

  // With an expression that backtracks exponentially, none of these would ever end.
  const hostile = [
    'a'.repeat(254),
    'a-'.repeat(127),
    '-'.repeat(254),
    'a__'.repeat(84),
    'a/'.repeat(127),
    `a${'_'.repeat(253)}`,
    'a-a.'.repeat(63),
  ]
  for (const text of hostile) {
    it(`hostile names like ${text.slice(0, 9)}… end in an answer`, () => {
      assert.throws(() => parseRepositoryName(`${text}!`), { code: 'NAME_INVALID' })
      assert.throws(() => parseRepositoryName(text.repeat(1000)), { code: 'NAME_INVALID' })
    })
  }
})

describe('tags', () => {
  it('what is accepted is what the specification allows, at most 128 characters', () => {
    for (const text of ['a', 'A', '_', '1.0', 'v1.2.3-rc.1', 'sha256-abc', `_${'.'.repeat(127)}`]) {
      assert.equal(parseTag(text), text)
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w.\-/%\n]{0,140}$/)), (text) => {
        const allowed = text.length <= 128 && /^\w[\w.-]*$(?!\n)/.test(text)
        assert.equal(tagIn(text), allowed ? text : undefined)
      }),
    )
  })

  for (const text of ['', '.', '..', '-a', '.a', 'a/b', 'a b', 'a%2F', 'a\n', 'é', 'a+b', 'a'.repeat(129)]) {
    it(`${JSON.stringify(text.slice(0, 20))} is refused with TAG_INVALID`, () => {
      assert.throws(() => parseTag(text), { code: 'TAG_INVALID', status: 400 })
    })
  }
})

describe('references', () => {
  const digest = digestOf(Buffer.from('x'))

  it('a colon makes the difference between a digest and a tag', () => {
    assert.equal(parseReference(digest), digest)
    assert.equal(isDigest(parseReference(digest)), true)
    assert.equal(isDigest(parseReference('latest')), false)
    assert.equal(isDigest(parseReference(digest.replace(':', '-'))), false)
  })

  it('a broken digest is DIGEST_INVALID, a broken tag TAG_INVALID', () => {
    assert.throws(() => parseReference('sha256:abc'), { code: 'DIGEST_INVALID' })
    assert.throws(() => parseReference('a:b'), { code: 'DIGEST_INVALID' })
    assert.throws(() => parseReference('a/b'), { code: 'TAG_INVALID' })
  })
})

describe('upload ids', () => {
  it('ids of this registry and of CNCF distribution are accepted', () => {
    for (const text of ['0f8fad5b-d9cd-469f-a165-70867728950e', '01932c3f-7f3b-7cc0-9f6e-0123456789ab', 'a_b.c=']) {
      assert.equal(parseUploadId(text), text)
    }
  })

  it('an id that could climb out of its folder is one that is not known', () => {
    for (const text of ['', '.', '..', '../x', 'a/b', '.hidden', 'a%2Fb', 'a\0', 'a\n', '-a', 'a'.repeat(129)]) {
      assert.throws(() => parseUploadId(text), { code: 'BLOB_UPLOAD_UNKNOWN', status: 404 })
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[./\w%-]{0,20}$/)), (text) => {
        try {
          assert.match(parseUploadId(text), /^\w[\w.=-]*$/)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'BLOB_UPLOAD_UNKNOWN')
        }
      }),
    )
  })
})
