// What S3 answers when it does not do what it was asked, and which of it can be asked again.
import { StorageError } from '../storage-error.ts'
import { firstText } from './xml.ts'

/** An answer with a status of 400 or more, or a success that holds an error. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  /** S3's own, such as NoSuchKey; made from the status where the answer had no body. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const codeOfStatus: Record<number, string> = {
  301: 'PermanentRedirect',
  307: 'TemporaryRedirect',
  403: 'AccessDenied',
  404: 'NotFound',
  409: 'Conflict',
  412: 'PreconditionFailed',
  503: 'ServiceUnavailable',
}

export function errorIn(status: number, body: string, request: string): S3Error {
  const code = firstText(body, 'Code') ?? codeOfStatus[status] ?? `Status${status}`
  const message = firstText(body, 'Message') ?? 'no reason was given'
  return new S3Error(status, code, `${request}: S3 answered ${status} ${code}: ${message}`)
}

/** Asking for it again, a while later, may succeed. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof S3Error)) return isOfNetwork(error)
  return [500, 502, 503, 504, 429].includes(error.status) || temporaryCodes.has(error.code)
}

const temporaryCodes = new Set([
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'InternalError',
  'OperationAborted',
  'ConditionalRequestConflict',
  // versitygw, while another request removes the folder of this name.
  'ExistingObjectIsDirectory',
])

/** The store asks for less. */
export function isThrottling(error: unknown): boolean {
  return (
    error instanceof S3Error && (error.status === 503 || error.status === 429 || /SlowDown|Throttl/.test(error.code))
  )
}

const staleCredentialCodes = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'InvalidToken'])

export function isOfStaleCredentials(error: unknown): boolean {
  return error instanceof S3Error && (staleCredentialCodes.has(error.code) || error.code === 'InvalidAccessKeyId')
}

export function isOfClock(error: unknown): boolean {
  return error instanceof S3Error && error.code === 'RequestTimeTooSkewed'
}

export function isAbsence(error: unknown): error is S3Error {
  return (
    error instanceof S3Error && error.status === 404 && error.code !== 'NoSuchBucket' && error.code !== 'NoSuchUpload'
  )
}

export function isLostCondition(error: unknown): error is S3Error {
  return error instanceof S3Error && error.status === 412
}

export function isUnknownUpload(error: unknown): boolean {
  return error instanceof S3Error && error.code === 'NoSuchUpload'
}

/** The connection failed, or could not be made: whether the request was carried out is not known. */
export class S3ConnectionError extends Error {
  override readonly name = 'S3ConnectionError'
}

export function isOfNetwork(error: unknown): boolean {
  return error instanceof S3ConnectionError
}

/** The error with what an operator can do about it, where that is known. */
export function asStorageTrouble(error: unknown): unknown {
  if (error instanceof S3Error) {
    if (error.code === 'QuotaExceeded' || error.status === 507) return trouble('full', error)
    if (error.status === 403 || error.status === 401 || isOfStaleCredentials(error)) return trouble('denied', error)
  }
  return isTemporary(error) ? trouble('busy', error as Error) : error
}

function trouble(kind: 'full' | 'denied' | 'busy', error: Error): StorageError {
  return new StorageError(kind, error.message, { cause: error })
}
