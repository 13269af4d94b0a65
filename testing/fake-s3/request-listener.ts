// What happens with one request: recorded, then its fault, then signature, body, operation and answer.
import type http from 'node:http'
import { deleteObjects, listObjects } from './bucket-operations.ts'
import type { Answer, Call, Rules } from './call.ts'
import { checkSignature } from './check-signature.ts'
import type { Credentials } from './credentials.ts'
import type { Fault, FaultPlans } from './faults.ts'
import { ClientGone, incomingBody, type IncomingBody } from './incoming-body.ts'
import { listParts, listUploads } from './multipart-listing.ts'
import { abortUpload, completeUpload, createUpload, uploadPart, uploadPartCopy } from './multipart-operations.ts'
import { copyObject, deleteObject, getObject, putObject } from './object-operations.ts'
import { parseHead, type Operation, type RequestHead, type S3Request } from './operations.ts'
import { errorDocument, S3Error } from './s3-error.ts'
import { answerEarly, errorAnswer, sendAnswer } from './send-answer.ts'
import type { Bucket } from './store.ts'

export interface Server {
  rules: Rules
  credentials: Credentials
  region: string
  buckets: ReadonlyMap<string, Bucket>
  faults: FaultPlans
  requests: S3Request[]
}

export type RequestListener = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  sendContinue?: () => void,
) => void

const maxKeyBytes = 1024
const maxDocumentBytes = 2 * 1024 ** 2

/** None of them waits for anything: what is asked for happens at once and whole, whoever else asks. */
const operations: Record<Operation, (call: Call) => Answer> = {
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  ListObjectsV2: listObjects,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CopyObject: copyObject,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListMultipartUploads: listUploads,
  ListParts: listParts,
  HeadBucket: () => ({ status: 200 }),
  Unsupported() {
    throw new S3Error(501, 'NotImplemented', 'The fake does not know this operation')
  },
}

export function requestListener(server: Server): RequestListener {
  return (request, response, sendContinue) => {
    response.on('error', () => {
      // The client has gone.
    })
    serve({ server, request, response, body: incomingBody(request, sendContinue) }).catch((error: unknown) => {
      // A mistake of the fake itself. Mocha fails a test for what nobody catches, but not for a promise that nobody awaits.
      queueMicrotask(() => {
        throw error
      })
    })
  }
}

interface Exchange {
  server: Server
  request: http.IncomingMessage
  response: http.ServerResponse
  body: IncomingBody
}

async function serve({ server, request, response, body }: Exchange): Promise<void> {
  let fault: Fault | undefined
  let answer: Answer
  try {
    const head = parseHead(request)
    const { operation, bucket, key } = head
    server.requests.push({ operation, bucket, key })
    fault = server.faults.take(head)

    if (fault?.kind === 'stall' && fault.afterBody !== true) await fault.until
    if (fault?.kind === 'cut-request') return await body.cutAfter(fault.afterBytes)
    if (fault?.kind === 'answer-early') return answerEarly(request, fault.status, fault.code)
    answer =
      fault?.kind === 'answer' || fault?.kind === 'error-in-200'
        ? await failInstead(fault, { request, body })
        : await perform(server, head, { body, fault })
  } catch (error) {
    // Who leaves in the middle of a request leaves nothing behind.
    if (error instanceof ClientGone) return
    if (!(error instanceof S3Error)) throw error
    await body.discard()
    answer = errorAnswer(error, request)
  }
  if (fault?.kind === 'lost-answer') return void request.socket.destroy()
  await sendAnswer(response, answer, fault)
}

async function perform(
  server: Server,
  head: RequestHead,
  { body, fault }: { body: IncomingBody; fault: Fault | undefined },
): Promise<Answer> {
  const payloadHash = checkSignature(head, server.credentials, server.region)
  function bucketNamed(name: string): Bucket {
    const bucket = server.buckets.get(name)
    if (bucket !== undefined) return bucket
    throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name })
  }
  const store = bucketNamed(head.bucket)
  if (Buffer.byteLength(head.key) > maxKeyBytes) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long')

  const isData = head.operation === 'PutObject' || head.operation === 'UploadPart'
  const maxBytes = isData ? server.rules.maxRequestBytes : maxDocumentBytes
  const received = await body.receive({ payloadHash, maxBytes })
  if (fault?.kind === 'stall') await fault.until
  const header = (name: string): string | undefined => head.headers[name]?.toString()
  return operations[head.operation]({ ...head, ...received, store, rules: server.rules, bucketNamed, header })
}

async function failInstead(
  fault: Fault & { kind: 'answer' | 'error-in-200' },
  { request, body }: Pick<Exchange, 'request' | 'body'>,
): Promise<Answer> {
  await body.discard()
  if (fault.kind === 'error-in-200') {
    const document = errorDocument('InternalError', 'We encountered an internal error. Please try again.')
    return { status: 200, headers: { 'content-type': 'application/xml' }, body: document }
  }
  const { status, code, retryAfter } = fault
  const answer = errorAnswer(new S3Error(status, code, `${code}, as planned`), request)
  return retryAfter === undefined ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': retryAfter } }
}
