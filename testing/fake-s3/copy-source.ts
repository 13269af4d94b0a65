// The object that x-amz-copy-source names.
import type { Call } from './call.ts'
import { checkCopyConditions } from './conditions.ts'
import { decode, splitOnce } from './operations.ts'
import { invalidArgument, noSuchKey } from './s3-error.ts'
import type { StoredObject } from './store.ts'

export function copySource(call: Call): { source: StoredObject; isItself: boolean } {
  const [encoded = ''] = splitOnce(call.header('x-amz-copy-source') ?? '', '?')
  const [bucket = '', key = ''] = splitOnce(decode(encoded).replace(/^\//, ''), '/')
  if (bucket === '' || key === '') throw invalidArgument('Copy Source must mention the source bucket and key')
  const source = call.bucketNamed(bucket).objects.get(key)
  if (source === undefined) throw noSuchKey(key)
  checkCopyConditions(call, source)
  return { source, isItself: bucket === call.bucket && key === call.key }
}
