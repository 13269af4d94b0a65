// Operations on a bucket: listing its objects page by page, and deleting many at once.
import { isoTime, xmlAnswer, type Answer, type Call } from './call.ts'
import { matches } from './conditions.ts'
import { invalidArgument, malformedXml, S3Error } from './s3-error.ts'
import { afterAll, fromBytes, lowerBound, toBytes } from './sorted-keys.ts'
import { elementsOf, renderXml, textOf, type XmlObject } from './xml.ts'

const maxDeletedAtOnce = 1000

interface Page {
  keys: string[]
  prefixes: string[]
  /** Where the next page begins, when there is one. */
  next?: string
}

export function listObjects(call: Call): Answer {
  const { parameter, rules } = call
  const prefix = parameter('prefix') ?? ''
  const delimiter = parameter('delimiter') || undefined
  const startAfter = parameter('start-after')
  const token = parameter('continuation-token')
  const askedKeys = countOf(call, 'max-keys')

  const from = token === undefined ? beginning(startAfter, prefix, delimiter) : positionOf(token)
  const limit = Math.min(askedKeys ?? rules.pageSize, rules.pageSize)
  const page = pageOf(call.store.objects.sorted(), { prefix, delimiter, from, limit })

  const isEncoded = parameter('encoding-type') === 'url'
  const text = (value: string): string => (isEncoded ? urlEncoded(value) : value)
  const maybe = (value: string | undefined): string | undefined => (value === undefined ? undefined : text(value))
  return xmlAnswer(
    renderXml('ListBucketResult', {
      Name: call.bucket,
      Prefix: text(prefix),
      Delimiter: maybe(delimiter),
      StartAfter: maybe(startAfter),
      MaxKeys: Math.min(askedKeys ?? 1000, 1000),
      EncodingType: isEncoded ? 'url' : undefined,
      KeyCount: page.keys.length + page.prefixes.length,
      IsTruncated: page.next !== undefined,
      ContinuationToken: token,
      NextContinuationToken: page.next === undefined ? undefined : tokenOf(page.next),
      Contents: page.keys.map((key) => contentsOf(call, key, text)),
      CommonPrefixes: page.prefixes.map((each) => ({ Prefix: text(each) })),
    }),
  )
}

function pageOf(
  sorted: readonly string[],
  options: { prefix: string; delimiter: string | undefined; from: string; limit: number },
): Page {
  const [prefix, delimiter] = [toBytes(options.prefix), toBytes(options.delimiter ?? '')]
  const page: Page = { keys: [], prefixes: [] }
  let at = lowerBound(sorted, options.from > prefix ? options.from : prefix)
  for (;;) {
    const key = sorted[at]
    if (key === undefined || !key.startsWith(prefix) || options.limit === 0) return page
    if (page.keys.length + page.prefixes.length === options.limit) return { ...page, next: key }
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (end === -1) {
      page.keys.push(fromBytes(key))
      at++
    } else {
      const common = key.slice(0, end + delimiter.length)
      page.prefixes.push(fromBytes(common))
      at = lowerBound(sorted, afterAll(common))
    }
  }
}

/** The first position behind `startAfter`: behind a whole common prefix when it is in one. */
function beginning(startAfter: string | undefined, prefix: string, delimiter: string | undefined): string {
  if (startAfter === undefined) return ''
  const after = `${toBytes(startAfter)}\0`
  if (!delimiter || !startAfter.startsWith(prefix)) return after
  const end = startAfter.indexOf(delimiter, prefix.length)
  return end === -1 ? after : afterAll(toBytes(startAfter.slice(0, end + delimiter.length)))
}

function contentsOf({ store }: Call, key: string, text: (value: string) => string): XmlObject {
  const object = store.objects.get(key)
  if (object === undefined) throw new Error(`listed without being there: ${key}`)
  return {
    Key: text(key),
    LastModified: isoTime(object.lastModified),
    ETag: `"${object.etag}"`,
    Size: object.bytes.length,
    StorageClass: object.headers['x-amz-storage-class'] ?? 'STANDARD',
  }
}

function tokenOf(position: string): string {
  return Buffer.from(`from:${position}`, 'latin1').toString('base64')
}

function positionOf(token: string): string {
  const text = Buffer.from(token, 'base64').toString('latin1')
  if (!text.startsWith('from:')) throw invalidArgument('The continuation token provided is incorrect')
  return text.slice('from:'.length)
}

/** As a form has it, but for the slash. */
export function urlEncoded(text: string): string {
  const encoded = encodeURIComponent(text).replace(/[!'()~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
  return encoded.replaceAll('%2F', '/').replaceAll('%20', '+')
}

export function countOf({ parameter }: Call, name: string): number | undefined {
  const text = parameter(name)
  if (text === undefined || text === '') return undefined
  if (!/^\d+$/.test(text)) throw invalidArgument(`Provided ${name} not an integer or within integer range`)
  return Number(text)
}

export function deleteObjects(call: Call): Answer {
  if (
    call.header('content-md5') === undefined &&
    !Object.keys(call.headers).some((name) => name.startsWith('x-amz-checksum-'))
  )
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5')
  const xml = call.bytes.toString('utf8')
  const asked = elementsOf(xml, 'Object').map((one) => ({ key: textOf(one, 'Key'), etag: textOf(one, 'ETag') }))
  if (asked.length === 0 || asked.length > maxDeletedAtOnce) throw malformedXml()

  const deleted: XmlObject[] = []
  const failed: XmlObject[] = []
  for (const { key, etag } of asked) {
    if (key === undefined) throw malformedXml()
    const present = call.store.objects.get(key)
    if (call.rules.conditional && etag !== undefined && (present === undefined || !matches(etag, present))) {
      const Code = present === undefined ? 'NoSuchKey' : 'PreconditionFailed'
      failed.push({ Key: key, Code, Message: 'The condition did not hold' })
      continue
    }
    call.store.objects.delete(key)
    deleted.push({ Key: key })
  }
  const isQuiet = textOf(xml, 'Quiet') === 'true'
  return xmlAnswer(renderXml('DeleteResult', { Deleted: isQuiet ? [] : deleted, Error: failed }))
}
