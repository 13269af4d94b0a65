// What a request asks of S3: the operation, and the bucket and key that it names.
import type http from 'node:http'
import { S3Error } from './s3-error.ts'

export type Operation =
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CopyObject'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListParts'
  | 'HeadBucket'
  /** Anything else: it is answered 501. */
  | 'Unsupported'

export interface S3Request {
  operation: Operation
  bucket: string
  /** Empty for an operation on a bucket. */
  key: string
}

/** A request as its head tells, everything decoded. */
export interface RequestHead extends S3Request {
  method: string
  /** As it was signed: with the bucket only where the path has it. */
  path: string
  query: readonly (readonly [name: string, value: string])[]
  headers: http.IncomingHttpHeaders
  /** One parameter of the query. */
  parameter(name: string): string | undefined
}

/** Parameters that turn a request into one that is not spoken here. */
const otherResources = new Set(
  'acl attributes cors encryption legal-hold lifecycle location object-lock policy restore retention select tagging torrent versionId versioning versions'.split(
    ' ',
  ),
)

/** A bucket may be the first folder of the path, or the first label of the host name. */
export function parseHead({ method = '', url = '', headers }: http.IncomingMessage): RequestHead {
  const [rawPath = '', rawQuery = ''] = splitOnce(url, '?')
  const path = decode(rawPath)
  const query = rawQuery
    .split('&')
    .filter(Boolean)
    .map((pair) => splitOnce(pair, '=').map((part) => decode(part.replaceAll('+', ' '))))
    .map(([name = '', value = '']) => [name, value] as const)
  const parameter = (name: string): string | undefined => query.find(([other]) => other === name)?.[1]

  const host = /^(.+)\.(?:127\.0\.0\.1|localhost)(?::\d+)?$/.exec(headers.host ?? '')?.[1]
  const [bucket = '', key = ''] = host === undefined ? splitOnce(path.slice(1), '/') : [host, path.slice(1)]
  const operation = operationOf(method, key !== '', { headers, names: query.map(([name]) => name) })
  return { operation, bucket, key, method, path, query, headers, parameter }
}

function operationOf(
  method: string,
  hasKey: boolean,
  { headers, names }: { headers: http.IncomingHttpHeaders; names: readonly string[] },
): Operation {
  if (names.some((name) => otherResources.has(name))) return 'Unsupported'
  const has = (name: string): boolean => names.includes(name)
  const copies = headers['x-amz-copy-source'] !== undefined
  switch (`${method} ${hasKey ? 'object' : 'bucket'}`) {
    case 'HEAD bucket':
      return 'HeadBucket'
    case 'GET bucket':
      if (has('uploads')) return 'ListMultipartUploads'
      return has('list-type') ? 'ListObjectsV2' : 'Unsupported'
    case 'POST bucket':
      return has('delete') ? 'DeleteObjects' : 'Unsupported'
    case 'HEAD object':
      return 'HeadObject'
    case 'GET object':
      if (has('uploadId')) return 'ListParts'
      return has('partNumber') ? 'Unsupported' : 'GetObject'
    case 'PUT object':
      if (has('uploadId')) return copies ? 'UploadPartCopy' : 'UploadPart'
      return copies ? 'CopyObject' : 'PutObject'
    case 'POST object':
      if (has('uploads')) return 'CreateMultipartUpload'
      return has('uploadId') ? 'CompleteMultipartUpload' : 'Unsupported'
    case 'DELETE object':
      return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
    default:
      return 'Unsupported'
  }
}

export function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

export function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error(400, 'InvalidURI', 'Could not parse the specified URI.')
  }
}
