import assert from 'node:assert/strict'
import fc from 'fast-check'
import { elements, escaped, firstText } from './xml.ts'

describe('the XML of S3', () => {
  it('gives back every text that was put into it', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const xml = `<List>${texts.map((text) => `<Contents><Key>${escaped(text)}</Key></Contents>`).join('')}</List>`
        const found = Array.from(elements(xml, 'Contents'), (entry) => firstText(entry, 'Key'))
        assert.deepEqual(found, texts)
      }),
    ))

  it('is read whichever way its signs are written', () => {
    const xml = '<Key>a&amp;b&lt;c&gt;d&quot;e&apos;f&#38;g&#x26;h&#X1F600;i&amp;lt;</Key>'
    assert.equal(firstText(xml, 'Key'), `a&b<c>d"e'f&g&h\u{1F600}i&lt;`)
  })

  it('leaves what is no sign as it is, whatever it is called', () => {
    for (const text of ['a & b', 'a &unknown; b', '&;', '&constructor;', '&toString;', '&__proto__;'])
      assert.equal(firstText(`<Key>${text}</Key>`, 'Key'), text)
  })

  it('is cut off without an end of the world: what is not whole is not there', () => {
    const xml = '<List><Contents><Key>a</Key></Contents><Contents><Key>b</K'
    assert.deepEqual([...elements(xml, 'Contents')], ['<Key>a</Key>'])
    assert.equal(firstText('<Key>b</K', 'Key'), undefined)
    assert.equal(firstText('', 'Key'), undefined)
  })

  it('tells names apart that begin alike', () => {
    assert.equal(firstText('<KeyCount>1</KeyCount><Key>a</Key>', 'Key'), 'a')
  })
})
