import assert from 'node:assert/strict'
import { compileGoRegExp } from './go-regexp.ts'

function matches(source: string, text: string): boolean {
  const expression = compileGoRegExp(source)
  assert.ok(expression !== undefined, source)
  return expression.test(text)
}

describe('a regular expression written for Go', () => {
  it('matches what it matches there', () => {
    assert.ok(matches('^https?://([^/]+\\.)*example\\.com/', 'https://cdn.example.com/x'))
    assert.ok(!matches('^https?://([^/]+\\.)*example\\.com/', 'https://example.org/'))
    assert.ok(matches('(?i)EXAMPLE', 'https://example.com'))
    assert.ok(matches('\\Ahttps:\\/\\/my\\-host\\z', 'https://my-host'))
    assert.ok(matches('(?P<scheme>https)', 'https://a'))
    assert.ok(matches('^[[:alpha:]-]+$', 'a-b'))
    assert.ok(!matches('^[[:alpha:]]+$', 'a1'))
    assert.ok(matches('a\\:b\\"', 'a:b"'))
  })

  it('is refused when it is wrong or cannot be translated, never understood differently', () => {
    for (const source of ['(', '[', 'a**', '(?U)a+', '\\Qa.b\\E', '[[:punct:]]', '\\pN', 'a{2,1}']) {
      assert.equal(compileGoRegExp(source), undefined, source)
    }
  })
})
