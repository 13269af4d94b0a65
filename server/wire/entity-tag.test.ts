import assert from 'node:assert/strict'
import { parseDigest } from '../../registry/digest.ts'
import { entityTag, meetsIfMatch, namesDigest, writeCondition } from './entity-tag.ts'

const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const other = parseDigest(`sha256:${'b'.repeat(64)}`)

describe('an entity tag', () => {
  it('is the digest in quotes', () => {
    assert.equal(entityTag(digest), `"${digest}"`)
  })

  it('is recognized in quotes, weak, without quotes, in a list, and as *', () => {
    for (const header of [`"${digest}"`, `W/"${digest}"`, digest, `"x", "${digest}"`, `"${other}",${digest}`, ' * ']) {
      assert.equal(namesDigest(header, digest), true, header)
    }
  })

  it('of other content, or of a part of the digest, is another', () => {
    for (const header of ['', `"${other}"`, `"${digest.slice(0, -1)}"`, `"${digest}`, 'x*', `${digest}${digest}`]) {
      assert.equal(namesDigest(header, digest), false, header)
    }
  })

  it('names nothing that is not there, not even as *', () => {
    assert.equal(namesDigest('*', undefined), false)
  })
})

describe('If-Match', () => {
  it('lets through only who names the current digest, in a strong tag', () => {
    for (const header of ['', '*', entityTag(digest), digest, `W/"x", ${entityTag(digest)}`]) {
      assert.equal(meetsIfMatch(header, digest), true, header)
    }
    for (const header of [entityTag(other), `W/${entityTag(digest)}`, 'W/*', '"x"', ',']) {
      assert.equal(meetsIfMatch(header, digest), false, header)
    }
  })
})

describe('the condition of a write', () => {
  it('is none without the headers', () => {
    assert.equal(writeCondition('', ''), undefined)
  })

  it('If-None-Match: * lets only the first writer through', () => {
    const allows = writeCondition('', '*')
    assert.equal(allows?.(undefined), true)
    assert.equal(allows?.(digest), false)
  })

  it('If-Match lets through only who knows what is there', () => {
    const allows = writeCondition(entityTag(digest), '')
    assert.equal(allows?.(digest), true)
    assert.equal(allows?.(other), false)
    assert.equal(allows?.(undefined), false)
    assert.equal(writeCondition('*', '')?.(other), true)
    assert.equal(writeCondition('*', '')?.(undefined), false)
  })

  it('of both headers holds when both do', () => {
    const allows = writeCondition('*', entityTag(other))
    assert.deepEqual(
      [digest, other, undefined].map((current) => allows?.(current)),
      [true, false, false],
    )
  })
})
