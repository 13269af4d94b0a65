// The least of HTTP/1.1 that a load generator needs: where each answer ends, its status and the length of its body.

export interface Answer {
  status: number
  /** Status line and headers. */
  head: string
  bodyBytes: number
  isChunked: boolean
}

export interface AnswerReader {
  /** Call before a request is sent. */
  expect(method: string): void
  /** The bytes may be overwritten after the call. */
  feed(bytes: Buffer): void
}

const headEnd = '\r\n\r\n'
const lastChunk = '\r\n0\r\n\r\n'

/** One answer at a time. Throws when what it is fed is no HTTP, or more than the answer. */
export function answerReader(onAnswer: (answer: Answer) => void): AnswerReader {
  let hasBody = true
  let answer: Answer | undefined
  let unparsed: Buffer | undefined
  let bytesLeft = 0
  let tail = ''

  function finish(whole: Answer): void {
    answer = undefined
    onAnswer(whole)
  }

  function startBody(bytes: Buffer): void {
    const joined = unparsed === undefined ? bytes : Buffer.concat([unparsed, bytes])
    const end = joined.indexOf(headEnd)
    if (end === -1) {
      unparsed = Buffer.from(joined)
      return
    }
    unparsed = undefined
    const head = joined.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 ')) throw new Error(`an answer begins with ${JSON.stringify(head.slice(0, 40))}`)
    const status = Number(head.slice(9, 12))
    const isChunked = hasBody && /\r\ntransfer-encoding: *chunked/i.test(head)
    const length = hasBody && status !== 204 && status !== 304 ? /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] : '0'
    if (length === undefined && !isChunked) throw new Error('an answer tells no length')

    answer = { status, head, bodyBytes: Number(length ?? 0), isChunked }
    bytesLeft = answer.bodyBytes
    tail = '\r\n'
    continueBody(answer, joined.subarray(end + headEnd.length))
  }

  function continueBody(current: Answer, bytes: Buffer): void {
    if (current.isChunked) {
      current.bodyBytes += bytes.length
      // Lists are JSON without line ends, so the mark of the last chunk cannot be part of the content.
      tail = (tail + bytes.toString('latin1', Math.max(0, bytes.length - lastChunk.length))).slice(-lastChunk.length)
      if (tail === lastChunk) finish(current)
      return
    }
    bytesLeft -= bytes.length
    if (bytesLeft < 0) throw new Error('an answer is longer than its Content-Length')
    if (bytesLeft === 0) finish(current)
  }

  return {
    expect(method) {
      hasBody = method !== 'HEAD'
    },
    feed(bytes) {
      if (answer === undefined) startBody(bytes)
      else continueBody(answer, bytes)
    },
  }
}
