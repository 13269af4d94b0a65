// An error as S3 answers it.
import { renderXml } from './xml.ts'

export class S3Error extends Error {
  readonly status: number
  readonly code: string
  /** More elements of the document. */
  readonly detail: Record<string, string>

  constructor(status: number, code: string, message: string, detail: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

export function errorDocument(code: string, message: string, more: Record<string, string> = {}): string {
  return renderXml('Error', { Code: code, Message: message, ...more }, { namespace: false })
}

export const noSuchKey = (key: string): S3Error =>
  new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key })

export const noSuchUpload = (uploadId: string): S3Error =>
  new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist.', { UploadId: uploadId })

export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  })

export const malformedXml = (): S3Error =>
  new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate.')

export const invalidArgument = (message: string): S3Error => new S3Error(400, 'InvalidArgument', message)
