// The lists of unfinished uploads and of their parts, page by page.
import { countOf, urlEncoded } from './bucket-operations.ts'
import { isoTime, xmlAnswer, type Answer, type Call } from './call.ts'
import { findUpload } from './multipart-operations.ts'
import { toBytes } from './sorted-keys.ts'
import { renderXml } from './xml.ts'

/** By key, and those of one key in the order in which they were begun. */
export function listUploads(call: Call): Answer {
  const { parameter, rules, store } = call
  const prefix = parameter('prefix') ?? ''
  const keyMarker = parameter('key-marker') ?? ''
  const idMarker = parameter('upload-id-marker') ?? ''
  const limit = Math.min(countOf(call, 'max-uploads') ?? 1000, rules.pageSize)

  // Without an id the marker is behind all uploads of its key; and an id without a key means nothing.
  const isBehindMarker = (key: string, uploadId: string): boolean =>
    toBytes(key) > toBytes(keyMarker) || (key === keyMarker && idMarker !== '' && uploadId > idMarker)
  const all = [...store.uploads]
    .map(([uploadId, upload]) => ({ uploadId, ...upload }))
    .filter(({ key, uploadId }) => key.startsWith(prefix) && (keyMarker === '' || isBehindMarker(key, uploadId)))
    .sort((a, b) => compare(toBytes(a.key), toBytes(b.key)) || compare(a.uploadId, b.uploadId))
  const page = all.slice(0, limit)
  const isTruncated = all.length > page.length
  const last = page.at(-1)

  const isEncoded = parameter('encoding-type') === 'url'
  const text = (value: string): string => (isEncoded ? urlEncoded(value) : value)
  return xmlAnswer(
    renderXml('ListMultipartUploadsResult', {
      Bucket: call.bucket,
      KeyMarker: text(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: isTruncated && last !== undefined ? text(last.key) : undefined,
      NextUploadIdMarker: isTruncated ? last?.uploadId : undefined,
      Prefix: text(prefix),
      EncodingType: isEncoded ? 'url' : undefined,
      MaxUploads: limit,
      IsTruncated: isTruncated,
      Upload: page.map(({ key, uploadId, initiated, headers }) => ({
        Key: text(key),
        UploadId: uploadId,
        StorageClass: headers['x-amz-storage-class'] ?? 'STANDARD',
        Initiated: isoTime(initiated),
      })),
    }),
  )
}

export function listParts(call: Call): Answer {
  const { uploadId, upload } = findUpload(call)
  const marker = countOf(call, 'part-number-marker') ?? 0
  const limit = Math.min(countOf(call, 'max-parts') ?? 1000, call.rules.pageSize)
  const all = [...upload.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b)
  const page = all.slice(0, limit)
  return xmlAnswer(
    renderXml('ListPartsResult', {
      Bucket: call.bucket,
      Key: call.key,
      UploadId: uploadId,
      StorageClass: upload.headers['x-amz-storage-class'] ?? 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.[0] ?? 0,
      MaxParts: limit,
      IsTruncated: all.length > page.length,
      Part: page.map(([number, { etag, bytes, lastModified }]) => ({
        PartNumber: number,
        LastModified: isoTime(lastModified),
        ETag: `"${etag}"`,
        Size: bytes.length,
      })),
    }),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
