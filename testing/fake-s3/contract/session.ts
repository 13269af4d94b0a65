// A bucket of its own for a test, with an SDK and with plain requests.
import { S3Client, S3ServiceException, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Answer } from '../../exchange.ts'
import { signedRequest, type PlainRequest, type S3Account } from '../signed-request.ts'

export interface TestedServer extends S3Account {
  createBucket(name: string): void
  close(): Promise<void>
}

export interface Session {
  account: S3Account
  bucket: string
  sdk: S3Client
  /** To a key of the bucket, or to the bucket itself. */
  send(request: Partial<PlainRequest> & { key?: string }): Promise<Answer>
  put(key: string, body: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>
  /** What is stored at the key; undefined when nothing is. */
  stored(key: string): Promise<string | undefined>
  close(): void
}

let opened = 0

export function openSession(server: TestedServer): Session {
  const bucket = `bucket-${++opened}`
  server.createBucket(bucket)
  const sdk = sdkClient(server)

  const send: Session['send'] = ({ key, ...request }) =>
    signedRequest(server, { path: key === undefined ? `/${bucket}` : `/${bucket}/${key}`, ...request })
  return {
    account: server,
    bucket,
    sdk,
    send,
    put: (key, body, headers = {}) => send({ method: 'PUT', key, body, headers }),
    async stored(key) {
      const { status, body } = await send({ key })
      if (status !== 200 && status !== 404) throw new Error(`GET of ${key}: ${status} ${body.toString()}`)
      return status === 404 ? undefined : body.toString()
    },
    close: () => sdk.destroy(),
  }
}

export function sdkClient({ endpoint, region, ...keys }: S3Account, more: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint,
    region,
    credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey },
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...more,
  })
}

/** The status and code of an error: `412 PreconditionFailed`; or the status alone of an answer that is none. */
export function outcome({ status, body }: Answer): string {
  const code = /<Error>.*?<Code>(.*?)<\/Code>/s.exec(body.toString())?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

/** The same of an SDK's promise. */
export async function sdkOutcome(promise: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<string> {
  try {
    return String((await promise).$metadata.httpStatusCode)
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    return `${error.$metadata.httpStatusCode} ${error.name}`
  }
}
