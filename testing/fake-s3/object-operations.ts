// Operations on one object: get, head, put, delete, copy.
import { wholeSeconds, isoTime, xmlAnswer, type Answer, type Call } from './call.ts'
import { checkReadConditions, checkWriteConditions } from './conditions.ts'
import { copySource } from './copy-source.ts'
import { parseRange } from './ranges.ts'
import { noSuchKey, S3Error } from './s3-error.ts'
import { etagOf, headersToKeep, md5Of, type StoredObject } from './store.ts'
import { renderXml } from './xml.ts'

/** A GET may choose these headers of its answer, most of all through a presigned address. */
const overrides = /^response-(content-(?:type|encoding|disposition|language)|cache-control|expires)$/

/** HEAD too: the server leaves out the body. */
export function getObject(call: Call): Answer {
  const object = call.store.objects.get(call.key)
  if (object === undefined) throw noSuchKey(call.key)
  const headers = readHeaders(call, object)
  if (!checkReadConditions(call, object)) return { status: 304, headers }

  const size = object.bytes.length
  const range = parseRange(call.header('range'), size)
  if (range === undefined) return { status: 200, headers, body: object.bytes }
  if (range === 'unsatisfiable')
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      RangeRequested: call.header('range') ?? '',
      ActualObjectSize: String(size),
    })
  const { first, last } = range
  headers['content-range'] = `bytes ${first}-${last}/${size}`
  return { status: 206, headers, body: object.bytes.subarray(first, last + 1) }
}

function readHeaders({ query, header }: Call, object: StoredObject): Record<string, string> {
  const withChecksums = header('x-amz-checksum-mode') === 'ENABLED'
  const stored = Object.entries(object.headers).filter(
    ([name, value]) =>
      !/^x-amz-(acl|tagging|grant-.*)$/.test(name) &&
      !(name === 'x-amz-storage-class' && value === 'STANDARD') &&
      (withChecksums || !name.startsWith('x-amz-checksum-')),
  )
  const asked = query.flatMap(([name, value]) => {
    const [, overridden] = overrides.exec(name) ?? []
    return overridden === undefined ? [] : [[overridden, value]]
  })
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(stored),
    ...(Object.fromEntries(asked) as Record<string, string>),
    'accept-ranges': 'bytes',
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
  }
}

export function putObject(call: Call): Answer {
  const headers = headersToKeep(call.headers)
  checkWriteConditions(call, call.store.objects.get(call.key))
  const etag = etagOf(call.md5, headers)
  call.store.objects.set(call.key, { bytes: call.bytes, etag, headers, lastModified: wholeSeconds(call.rules.now()) })
  return { status: 200, headers: { etag: `"${etag}"`, ...encryptionOf(headers) } }
}

/** To delete what is not there succeeds. */
export function deleteObject(call: Call): Answer {
  checkWriteConditions(call, call.store.objects.get(call.key))
  call.store.objects.delete(call.key)
  return { status: 204 }
}

export function copyObject(call: Call): Answer {
  const { source, isItself } = copySource(call)
  const replaces = call.header('x-amz-metadata-directive') === 'REPLACE'
  const given = headersToKeep(call.headers)
  const changes = replaces || Object.keys(given).some((name) => /storage-class|encryption|redirect/.test(name))
  if (isItself && !changes)
    throw new S3Error(
      400,
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without changing it.',
    )
  if (source.bytes.length > call.rules.maxRequestBytes)
    throw new S3Error(
      400,
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${call.rules.maxRequestBytes}`,
    )
  checkWriteConditions(call, call.store.objects.get(call.key))

  // Metadata travels; storage class, encryption and access are those of the request.
  const travels = Object.entries(source.headers).filter(
    ([name]) => !/^x-amz-(acl|storage-class|server-side-encryption.*|grant-.*)$/.test(name),
  )
  const headers = replaces ? given : { ...given, ...Object.fromEntries(travels) }
  const etag = etagOf(md5Of(source.bytes), headers)
  const lastModified = wholeSeconds(call.rules.now())
  call.store.objects.set(call.key, { bytes: source.bytes, etag, headers, lastModified })
  const result = { LastModified: isoTime(lastModified), ETag: `"${etag}"` }
  return xmlAnswer(renderXml('CopyObjectResult', result), encryptionOf(headers))
}

/** The headers that S3 repeats in the answer to a write. */
export function encryptionOf(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')))
}
