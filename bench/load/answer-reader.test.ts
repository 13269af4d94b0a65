import assert from 'node:assert/strict'
import { answerReader, type Answer } from './answer-reader.ts'

const counted = 'HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\n\r\nhello'
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'

describe('the answer reader', () => {
  for (const [name, text, bodyBytes] of [
    ['with a Content-Length', counted, 5],
    ['in chunks', chunked, 20],
    ['without content', 'HTTP/1.1 204 No Content\r\n\r\n', 0],
  ] as const) {
    it(`finds the end of an answer ${name}, wherever the bytes are cut`, () => {
      for (let cut = 0; cut <= text.length; cut++) {
        const answers = read('GET', [text.slice(0, cut), text.slice(cut)])
        assert.deepEqual(
          answers.map((answer) => [answer.status, answer.bodyBytes]),
          [[text.startsWith('HTTP/1.1 204') ? 204 : 200, bodyBytes]],
        )
      }
    })
  }

  it('expects no content in the answer to a HEAD', () => {
    const answers = read('HEAD', ['HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n'])
    assert.equal(answers.length, 1)
  })

  it('refuses more than was announced, and what is no HTTP', () => {
    assert.throws(() => read('GET', [`${counted}!`]), /longer than its Content-Length/)
    assert.throws(() => read('GET', ['SSH-2.0-x\r\n\r\n']), /an answer begins with/)
    assert.throws(() => read('GET', ['HTTP/1.1 200 OK\r\n\r\n']), /tells no length/)
  })
})

function read(method: string, pieces: string[]): Answer[] {
  const answers: Answer[] = []
  const reader = answerReader((answer) => answers.push(answer))
  reader.expect(method)
  for (const piece of pieces) if (piece !== '') reader.feed(Buffer.from(piece))
  return answers
}
