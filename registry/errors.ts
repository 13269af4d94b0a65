// Every way in which the registry says no: one table, one class.
import type { StorageFailure } from '../storage-drivers/driver.ts'

/**
 * HTTP status and sentence per code. Codes are those of the specification ("Error Codes"); the ones it does not know have `wire`, the code of
 * the specification (or, for 5xx, of CNCF distribution) that clients see.
 */
const table = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 400, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: { status: 400, message: 'manifest references a manifest or blob unknown to registry' },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown to registry' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },

  TAG_INVALID: { status: 400, message: 'invalid tag name' },
  RANGE_INVALID: {
    status: 416,
    wire: 'BLOB_UPLOAD_INVALID',
    message: 'the range does not continue what has been uploaded',
  },
  PAGINATION_NUMBER_INVALID: { status: 400, wire: 'UNSUPPORTED', message: 'invalid number of results requested' },
  UPLOAD_BUSY: { status: 409, wire: 'BLOB_UPLOAD_INVALID', message: 'another request is writing to this upload' },
  MANIFEST_TOO_LARGE: {
    status: 413,
    wire: 'SIZE_INVALID',
    message: 'the manifest is larger than this registry accepts',
  },
  TAGS_TOO_MANY: { status: 414, wire: 'TAG_INVALID', message: 'too many tags in one request' },
  PRECONDITION_FAILED: { status: 412, wire: 'DENIED', message: 'the tag is not what the request expects' },
  ROUTE_UNKNOWN: { status: 404, wire: 'UNSUPPORTED', message: 'no such endpoint' },
  REQUEST_INVALID: { status: 400, wire: 'UNSUPPORTED', message: 'the request cannot be understood' },

  UNKNOWN: { status: 500, message: 'the registry failed to answer; its log has the reason' },
  UNAVAILABLE: { status: 503, message: 'service unavailable' },
  STORAGE_FULL: { status: 507, wire: 'UNAVAILABLE', message: 'the registry has no space left' },
  STORAGE_DENIED: { status: 503, wire: 'UNAVAILABLE', message: 'the registry may not write to its storage' },
  STORAGE_READONLY: { status: 503, wire: 'UNAVAILABLE', message: 'the storage of the registry is read-only' },
  STORAGE_BUSY: { status: 503, wire: 'UNAVAILABLE', message: 'the registry is short of resources; try again' },
} as const satisfies Record<string, { status: number; wire?: string; message: string }>

export type ErrorCode = keyof typeof table

/** One entry of the specification's error envelope. */
export interface ErrorEntry {
  code: string
  message: string
  detail?: unknown
}

/** A rule that was broken, told to the client. What it does not know about itself (a fault) is never one of these. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: ErrorCode
  readonly status: number
  /** The first entry is this error's own; more where one request breaks a rule several times. */
  readonly entries: readonly ErrorEntry[]

  /** `message` replaces the table's sentence; `detail` is any JSON value that helps a program. */
  constructor(code: ErrorCode, options: { message?: string; detail?: unknown; cause?: unknown } = {}) {
    const message = options.message ?? table[code].message
    super(message, { cause: options.cause })
    this.code = code
    this.status = table[code].status
    this.entries = [entryOf(code, message, options.detail)]
  }

  /** One answer for several breaches of the same rule: one entry per detail. */
  static forEach(code: ErrorCode, details: readonly unknown[]): RegistryError {
    const error = new RegistryError(code)
    const entries = details.map((detail) => entryOf(code, error.message, detail))
    return Object.assign(error, { entries })
  }
}

function entryOf(code: ErrorCode, message: string, detail: unknown): ErrorEntry {
  const entry: { status: number; wire?: string } = table[code]
  return { code: entry.wire ?? code, message, ...(detail === undefined ? {} : { detail }) }
}

const codeOfFailure: Record<StorageFailure, ErrorCode> = {
  full: 'STORAGE_FULL',
  denied: 'STORAGE_DENIED',
  readonly: 'STORAGE_READONLY',
  busy: 'STORAGE_BUSY',
  // Nothing but uploads can lose to another writer.
  conflict: 'UPLOAD_BUSY',
}

/** What a client is told of any error: rules as they are, storage trouble by its kind, everything else as UNKNOWN with nothing of the inside. */
export function asRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error
  const failure = storageFailureOf(error)
  return new RegistryError(failure === undefined ? 'UNKNOWN' : codeOfFailure[failure], { cause: error })
}

/** The kind of trouble that a storage driver tells of, if the error is one of its. */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  if (!(error instanceof Error) || !('storageFailure' in error)) return undefined
  return error.storageFailure as StorageFailure
}
