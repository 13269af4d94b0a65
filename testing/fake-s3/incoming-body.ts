// The body of a request: received whole and checked against what the head says of it, thrown away, or cut.
import { createHash } from 'node:crypto'
import type http from 'node:http'
import zlib from 'node:zlib'
import type { ReceivedBody } from './call.ts'
import { S3Error } from './s3-error.ts'

/** The client has left before the end of its request. */
export class ClientGone extends Error {}

export interface IncomingBody {
  /** Rejects with ClientGone, or with what S3 answers to a body that is not what the head promises. */
  receive(expected: { payloadHash: string; maxBytes: number }): Promise<ReceivedBody>
  /** Reads it to its end for nothing; a client that still waits to be told to send it is not told. */
  discard(): Promise<void>
  /** Destroys the connection once so many bytes have arrived, or all. */
  cutAfter(bytes: number): Promise<void>
}

/** `sendContinue` is given where the client waits for it before it sends anything. */
export function incomingBody(request: http.IncomingMessage, sendContinue: (() => void) | undefined): IncomingBody {
  return {
    async receive({ payloadHash, maxBytes }) {
      const { headers } = request
      const length = headers['content-length']
      checkHead(headers, payloadHash, maxBytes)
      sendContinue?.()
      const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? createHash('sha256') : undefined
      const md5 = createHash('md5')
      const bytes = Buffer.allocUnsafeSlow(Number(length ?? 0))
      let at = 0
      await eachChunk(request, (chunk) => {
        sha256?.update(chunk)
        md5.update(chunk)
        at += chunk.copy(bytes, at)
      })
      if (sha256 !== undefined && sha256.digest('hex') !== payloadHash)
        throw new S3Error(
          400,
          'XAmzContentSHA256Mismatch',
          "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
      const body = { bytes, md5: md5.digest() }
      checkDigests(headers, body)
      return body
    },

    async discard() {
      if (sendContinue !== undefined) return
      if (request.readableEnded || request.destroyed) return
      await new Promise<void>((resolve) => {
        for (const event of ['end', 'close', 'error']) request.once(event, () => resolve())
        request.resume()
      })
    },

    async cutAfter(bytes) {
      sendContinue?.()
      let received = 0
      const cut = (): void => void request.socket.destroy()
      if (bytes === 0) return cut()
      await eachChunk(request, (chunk) => {
        received += chunk.length
        if (received >= bytes) cut()
      })
      cut()
    },
  }
}

async function eachChunk(request: http.IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) take(chunk)
  } catch (error) {
    throw new ClientGone('the client has gone', { cause: error })
  }
}

function checkHead(headers: http.IncomingHttpHeaders, payloadHash: string, maxBytes: number): void {
  if (payloadHash.startsWith('STREAMING-') || /\baws-chunked\b/.test(headers['content-encoding'] ?? ''))
    throw new S3Error(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented')
  if (payloadHash !== 'UNSIGNED-PAYLOAD' && !/^[0-9a-f]{64}$/.test(payloadHash))
    throw new S3Error(400, 'InvalidArgument', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value.')
  if (headers['transfer-encoding'] !== undefined)
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    throw new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')
}

const checksums: Record<string, (bytes: Buffer) => Buffer> = {
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest(),
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest(),
  'x-amz-checksum-crc32'(bytes) {
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(zlib.crc32(bytes))
    return checksum
  },
}

/** The other checksums of S3 are taken on trust. */
function checkDigests(headers: http.IncomingHttpHeaders, { bytes, md5 }: ReceivedBody): void {
  const given = headers['content-md5']?.toString()
  if (given !== undefined && Buffer.from(given, 'base64').length !== md5.length)
    throw new S3Error(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.')
  if (given !== undefined && given !== md5.toString('base64'))
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
  for (const [name, compute] of Object.entries(checksums)) {
    const checksum = headers[name]
    if (checksum !== undefined && checksum !== compute(bytes).toString('base64'))
      throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match what we received.`)
  }
}
