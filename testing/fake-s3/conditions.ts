// If-Match and If-None-Match, which reading and writing take differently.
import type { Call } from './call.ts'
import { noSuchKey, preconditionFailed, S3Error } from './s3-error.ts'
import type { StoredObject } from './store.ts'

/** Throws unless the object may be written (or deleted) over `present`. */
export function checkWriteConditions({ rules, key, header }: Call, present: StoredObject | undefined): void {
  if (!rules.conditional) return
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new S3Error(501, 'NotImplemented', 'If-None-Match takes only * where something is written')
  if (ifNoneMatch !== undefined && present !== undefined) throw preconditionFailed('If-None-Match')
  if (ifMatch === undefined) return
  if (present === undefined) throw noSuchKey(key)
  if (!matches(ifMatch, present)) throw preconditionFailed('If-Match')
}

/** Throws when the object must not be sent; false when the client already has it. */
export function checkReadConditions({ header }: Call, object: StoredObject): boolean {
  const ifMatch = header('if-match')
  const ifNoneMatch = header('if-none-match')
  if (ifMatch !== undefined && !matches(ifMatch, object)) throw preconditionFailed('If-Match')
  return ifNoneMatch === undefined || !matches(ifNoneMatch, object)
}

/** Throws unless the source of a copy is as the client expects it. */
export function checkCopyConditions({ header }: Call, source: StoredObject): void {
  const ifMatch = header('x-amz-copy-source-if-match')
  const ifNoneMatch = header('x-amz-copy-source-if-none-match')
  const isExpected =
    (ifMatch === undefined || matches(ifMatch, source)) && (ifNoneMatch === undefined || !matches(ifNoneMatch, source))
  if (!isExpected) throw preconditionFailed('x-amz-copy-source-If-Match')
}

export function matches(condition: string, { etag }: StoredObject): boolean {
  return condition === '*' || condition.split(',').some((one) => unquoted(one) === etag)
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^"|"$/g, '')
}
