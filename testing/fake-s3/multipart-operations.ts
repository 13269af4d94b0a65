// Multipart uploads: begun, filled part by part in any order, and completed into an object or given up.
import { randomBytes } from 'node:crypto'
import { isoTime, wholeSeconds, xmlAnswer, type Answer, type Call } from './call.ts'
import { checkWriteConditions, unquoted } from './conditions.ts'
import { copySource } from './copy-source.ts'
import { encryptionOf } from './object-operations.ts'
import { invalidArgument, malformedXml, noSuchUpload, S3Error } from './s3-error.ts'
import { etagOf, headersToKeep, md5Of, type Part, type Upload } from './store.ts'
import { elementsOf, renderXml, textOf } from './xml.ts'

const maxPartNumber = 10_000
let uploadsBegun = 0

export function createUpload(call: Call): Answer {
  // Ids grow, so that those of one key are listed in the order in which they were begun.
  const uploadId = `${String(++uploadsBegun).padStart(9, '0')}.${randomBytes(12).toString('base64url')}`
  const headers = headersToKeep(call.headers)
  call.store.uploads.set(uploadId, {
    key: call.key,
    headers,
    initiated: wholeSeconds(call.rules.now()),
    parts: new Map(),
  })
  const result = { Bucket: call.bucket, Key: call.key, UploadId: uploadId }
  return xmlAnswer(renderXml('InitiateMultipartUploadResult', result), encryptionOf(headers))
}

export function uploadPart(call: Call): Answer {
  const part = keepPart(call, call.bytes, call.md5)
  return { status: 200, headers: { etag: `"${part.etag}"` } }
}

export function uploadPartCopy(call: Call): Answer {
  findUpload(call)
  const { source } = copySource(call)
  const size = source.bytes.length
  const range = call.header('x-amz-copy-source-range')
  const [, first = '0', last = String(size - 1)] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
  if (range !== undefined && (!/^bytes=\d+-\d+$/.test(range) || Number(first) > Number(last)))
    throw invalidArgument('The x-amz-copy-source-range value must be of the form bytes=first-last')
  if (range !== undefined && Number(last) >= size)
    throw invalidArgument(`Range specified is not valid for source object of size: ${size}`)
  const bytes = source.bytes.subarray(Number(first), Number(last) + 1)
  if (bytes.length > call.rules.maxRequestBytes)
    throw new S3Error(400, 'InvalidRequest', 'The specified copy source is larger than the maximum allowable size')

  const part = keepPart(call, bytes, md5Of(bytes))
  const result = { LastModified: isoTime(part.lastModified), ETag: `"${part.etag}"` }
  return xmlAnswer(renderXml('CopyPartResult', result))
}

/** A part that comes again takes the place of the earlier one. */
function keepPart(call: Call, bytes: Buffer, md5: Buffer): Part {
  const { upload } = findUpload(call)
  const number = Number(call.parameter('partNumber'))
  if (!Number.isInteger(number) || number < 1 || number > maxPartNumber)
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive')
  const part = { bytes, etag: etagOf(md5, upload.headers), lastModified: wholeSeconds(call.rules.now()) }
  upload.parts.set(number, part)
  return part
}

export function completeUpload(call: Call): Answer {
  const listed = elementsOf(call.bytes.toString('utf8'), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: unquoted(textOf(part, 'ETag') ?? ''),
  }))
  if (listed.length === 0) throw malformedXml()
  const uploadId = call.parameter('uploadId') ?? ''
  const fingerprint = JSON.stringify(listed)
  const earlier = call.store.completed.get(uploadId)
  // An answer can get lost: to complete again what is completed succeeds.
  if (earlier?.key === call.key && earlier.parts === fingerprint) return completedAnswer(call, earlier.etag)

  const { upload } = findUpload(call)
  if (listed.some(({ number }, index) => index > 0 && number <= (listed[index - 1]?.number ?? 0)))
    throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.')
  const parts = listed.map(({ number, etag }) => {
    const part = upload.parts.get(number)
    if (part !== undefined && part.etag === etag) return part
    throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.', {
      PartNumber: String(number),
    })
  })
  if (parts.slice(0, -1).some(({ bytes }) => bytes.length < call.rules.minPartBytes))
    throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')
  checkWriteConditions(call, call.store.objects.get(call.key))

  const digests = Buffer.from(parts.map((part) => part.etag).join(''), 'hex')
  const etag = `${md5Of(digests).toString('hex')}-${parts.length}`
  const bytes = Buffer.concat(parts.map((part) => part.bytes))
  const lastModified = wholeSeconds(call.rules.now())
  call.store.objects.set(call.key, { bytes, etag, lastModified, headers: upload.headers })
  call.store.uploads.delete(uploadId)
  call.store.completed.set(uploadId, { key: call.key, parts: fingerprint, etag })
  return completedAnswer(call, etag)
}

function completedAnswer({ bucket, key, headers }: Call, etag: string): Answer {
  const location = `http://${headers.host}/${bucket}/${key}`
  const result = { Location: location, Bucket: bucket, Key: key, ETag: `"${etag}"` }
  return xmlAnswer(renderXml('CompleteMultipartUploadResult', result))
}

export function abortUpload(call: Call): Answer {
  call.store.uploads.delete(findUpload(call).uploadId)
  return { status: 204 }
}

export function findUpload({ store, key, parameter }: Call): { uploadId: string; upload: Upload } {
  const uploadId = parameter('uploadId') ?? ''
  const upload = store.uploads.get(uploadId)
  if (upload === undefined || upload.key !== key) throw noSuchUpload(uploadId)
  return { uploadId, upload }
}
