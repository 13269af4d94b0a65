import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { jsonObjectIn, parseJsonObject } from './strict-json.ts'

describe('strict JSON', () => {
  it('agrees with JSON.parse on every object without duplicate keys', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }))
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t', '\r\n'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent === '\r\n' ? 2 : indent)
        const spaced = indent === '\r\n' ? text.replaceAll('\n', '\r\n') : text
        assert.deepEqual(parse(spaced), JSON.parse(spaced))
      }),
    )
  })

  it('accepts nothing that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      'a',
      ':',
      ',',
      '1',
      ' ',
      '\\u0061',
      'null',
      '"a"',
      '"a":',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (texts) => {
        const text = `{${texts.join('')}}`
        const accepted = attempt(() => parse(text))
        if (accepted !== undefined) assert.deepEqual(accepted, JSON.parse(text))
      }),
      { numRuns: 3000 },
    )
  })

  const twice: Record<string, string> = {
    'the same key twice': '{"a":1,"a":1}',
    'the same key twice, spelled with an escape': String.raw`{"config":1,"\u0063onfig":2}`,
    'the same key twice, both escaped differently': String.raw`{"\/":1,"\u002f":2}`,
    'the same key twice with a pair of surrogates': String.raw`{"😀":1,"\ud83d\ude00":2}`,
    'the same key twice in an inner object': '{"x":[{"y":{"a":1,"b":[],"a":2}}]}',
    'the same key twice behind an inner object': '{"a":{"b":1},"c":[{"a":1}],"a":2}',
    'the empty key twice': '{"":1,"":2}',
    'the same key twice before spaces': '{"a" :1,"a"\n\t\r :2}',
    'the same odd key twice': '{"__proto__":1,"__proto__":2}',
  }
  for (const [what, text] of Object.entries(twice)) {
    it(`${what} is refused, and named`, () => {
      assert.throws(() => parse(text), { code: 'MANIFEST_INVALID', message: /has the key ".*" twice in one object/ })
    })
  }

  it('the same key in different objects is fine, and so is a value equal to a key', () => {
    for (const text of [
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
      '{"a":"a","b":["a","a"]}',
      String.raw`{"a":"\"a\":","b":"{\"a\":"}`,
    ]) {
      assert.deepEqual(parse(text), JSON.parse(text))
    }
  })

  it('64 levels are accepted, 65 refused, and a million do no harm', () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    assert.ok(parse(nested(64)))
    assert.throws(() => parse(nested(65)), { code: 'MANIFEST_INVALID', message: /more than 64 levels/ })
    assert.throws(() => parse(nested(1_000_000)), { code: 'MANIFEST_INVALID', message: /more than 64 levels/ })
    assert.throws(() => parse('{"a":'.repeat(1_000_000)), { code: 'MANIFEST_INVALID', message: /more than 64 levels/ })
  })

  it('brackets and quotes within strings count for nothing', () => {
    assert.deepEqual(parse(String.raw`{"a":"[[[[{{{{\"]","b\\":"\\"}`), { a: '[[[[{{{{"]', 'b\\': '\\' })
    assert.deepEqual(parse(`{"a":"${'['.repeat(1000)}"}`), { a: '['.repeat(1000) })
  })

  it('bytes that are not UTF-8 are refused', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf5, 0x80, 0x80, 0x80]]) {
      const whole = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
      assert.throws(() => parseJsonObject(whole), { code: 'MANIFEST_INVALID', message: /not valid UTF-8/ })
    }
    assert.throws(() => parseJsonObject(Buffer.from('{"a":1}', 'utf16le')), { code: 'MANIFEST_INVALID' })
  })

  it('a byte order mark is refused: some parsers drop it, others fail', () => {
    assert.throws(() => parse('\ufeff{"a":1}'), { code: 'MANIFEST_INVALID' })
  })

  it('everything but one object is refused', () => {
    for (const text of [
      '',
      ' ',
      'null',
      '1',
      '"a"',
      '[]',
      '[{}]',
      '{}{}',
      '{} x',
      '{',
      '}',
      '{"a"}',
      "{'a':1}",
      '{"a":1,}',
      '{"a":01}',
      '{"a":NaN}',
      '{"a":"\n"}',
      '{"a',
      '{"\n":1}',
      '{/**/}',
    ]) {
      assert.throws(() => parse(text), { code: 'MANIFEST_INVALID', status: 400 }, text)
    }
    assert.deepEqual(parse(' \n{}\t'), {})
  })

  it('a key named __proto__ is a key like others', () => {
    const parsed = parse('{"__proto__":{"mediaType":"x"}}')
    assert.equal(parsed.mediaType, undefined)
    assert.deepEqual(Object.keys(parsed), ['__proto__'])
  })
})

describe('JSON that was stored before our time', () => {
  it('is read as leniently as JSON.parse does, and is undefined where that fails', () => {
    assert.deepEqual(jsonObjectIn(Buffer.from('{"a":1,"a":2}')), { a: 2 })
    const nested = `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`
    assert.ok(jsonObjectIn(Buffer.from(nested)))
    for (const text of ['', 'x', 'null', '5', '"a"', '[]', '{'])
      assert.equal(jsonObjectIn(Buffer.from(text)), undefined)
    assert.equal(jsonObjectIn(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), undefined)
  })
})

function parse(text: string): Record<string, unknown> {
  return parseJsonObject(Buffer.from(text))
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
