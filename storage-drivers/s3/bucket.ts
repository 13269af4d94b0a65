// The operations of S3 that the driver is made of, on keys of one bucket below one prefix. Absence is a value here already.
import type { ByteRange } from '../driver.ts'
import type { BodyAnswer } from './body-connections.ts'
import { isAbsence, isLostCondition, isUnknownUpload, S3Error } from './errors.ts'
import { inTurns } from './in-turns.ts'
import type { S3Options } from './options.ts'
import { encodeKey, md5, sha256Of } from './sign.ts'
import type { BodySource, Transport } from './transport.ts'
import { elements, escaped, firstText } from './xml.ts'

export interface ObjectHead {
  size: number
  modifiedAt: number
  etag: string
}

export interface Condition {
  /** Only where nothing is. */
  ifAbsent?: boolean
  /** Only over the object with this ETag. */
  ifMatch?: string
}

export interface ListPage {
  keys: string[]
  /** Folded entries, ending in `/`. */
  prefixes: string[]
  isLast: boolean
  /** What S3 wants to hear to go on. */
  next: string | undefined
}

export interface MultipartUpload {
  key: string
  id: string
  startedAt: number
}

export interface Part {
  number: number
  etag: string
}

export type Bucket = ReturnType<typeof createBucket>

/** S3 copies at about 200 MB/s, and may keep us waiting for all of a part. */
const longSilenceMs = 5 * 60_000
const deletesAtOnce = 1000
const deletesInFlight = 32

export function createBucket(transport: Transport, options: S3Options) {
  const root = options.rootDirectory.replace(/^\/+/, '').replace(/\/+$/, '')
  const prefix = root === '' ? '' : `${root}/`
  const named = (key: string): string => prefix + key
  const unnamed = (key: string): string => key.slice(prefix.length)
  const objectHeaders = headersOfNewObjects(options)

  async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /** An attempt whose answer was lost may have met the condition, which the next one then did not. */
  async function etagIfWritten(key: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<string | undefined> {
    const answer = await orAbsent(transport.send({ method: 'GET', key: named(key) }))
    const written = bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes)
    return answer?.body.equals(written) ? (answer.headers.etag ?? '') : undefined
  }

  async function deleteSome(keys: readonly string[]): Promise<void> {
    const body = Buffer.from(
      `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${keys.map((key) => `<Object><Key>${escaped(named(key))}</Key></Object>`).join('')}<Quiet>true</Quiet></Delete>`,
    )
    const headers = { 'content-type': 'application/xml', 'content-md5': md5(body) }
    const answer = await transport.send({ method: 'POST', key: '', query: { delete: '' }, headers, body })
    // Most often some keys of many were too much at once. What goes wrong alone tells why.
    const failed = Array.from(elements(answer.body.toString(), 'Error'), (failure) => firstText(failure, 'Key'))
    const again = keys.filter((key) => failed.includes(named(key)))
    if (again.length < failed.length) throw new Error('S3 could not delete what it was not asked to delete')
    await inTurns(again, deletesInFlight, deleteOne)
  }

  async function deleteOne(key: string): Promise<void> {
    await orAbsent(transport.send({ method: 'DELETE', key: named(key) }))
  }

  let knowsBulkDelete = true

  return {
    /** The key as the bucket knows it. */
    named,

    async head(key: string): Promise<ObjectHead | undefined> {
      const answer = await orAbsent(transport.send({ method: 'HEAD', key: named(key) }))
      return answer && headOf(answer.headers)
    },

    async get(key: string): Promise<{ bytes: Buffer; etag: string } | undefined> {
      const answer = await orAbsent(transport.send({ method: 'GET', key: named(key) }))
      return answer && { bytes: answer.body, etag: answer.headers.etag ?? '' }
    },

    /** The answer with its body still to come. With `etag`, only of that very object. */
    async open(key: string, range?: ByteRange, etag?: string): Promise<BodyAnswer | undefined> {
      const headers = {
        ...(range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` }),
        ...(etag === undefined ? {} : { 'if-match': etag }),
      }
      return orAbsent(transport.open({ method: 'GET', key: named(key), headers }))
    },

    /** The new object's ETag, or undefined when the condition did not hold. */
    async put(
      key: string,
      bytes: Uint8Array | readonly Uint8Array[],
      condition: Condition = {},
    ): Promise<string | undefined> {
      const headers = {
        ...objectHeaders,
        ...(condition.ifAbsent ? { 'if-none-match': '*' } : {}),
        ...(condition.ifMatch === undefined ? {} : { 'if-match': condition.ifMatch }),
      }
      try {
        // A process that dies while it sends must leave nothing: S3 is told what it has to receive.
        const payloadHash = sha256Of(bytes)
        const answer = await transport.send({ method: 'PUT', key: named(key), headers, body: bytes, payloadHash })
        return answer.headers.etag ?? ''
      } catch (error) {
        // If-Match where nothing is: 404 at Amazon.
        if (!isLostCondition(error) && !(condition.ifMatch !== undefined && isAbsence(error))) throw error
        return 'wasRepeated' in error ? etagIfWritten(key, bytes) : undefined
      }
    },

    /** One object from bytes that cannot be sent twice: S3 itself refuses all others. */
    async putStream(key: string, body: BodySource, length: number, sha256: string): Promise<void> {
      await transport.stream(
        {
          method: 'PUT',
          key: named(key),
          headers: objectHeaders,
          silenceMs: longSilenceMs,
          payloadHash: sha256,
        },
        body,
        length,
      )
    },

    delete: deleteOne,

    /** False when the object was not this one, and is still there. */
    async deleteIfMatch(key: string, etag: string): Promise<boolean> {
      try {
        await orAbsent(transport.send({ method: 'DELETE', key: named(key), headers: { 'if-match': etag } }))
        return true
      } catch (error) {
        if (isLostCondition(error)) return false
        throw error
      }
    },

    async deleteAll(keys: readonly string[]): Promise<void> {
      if (keys.length === 1) return deleteOne(keys[0] as string)
      for (let start = 0; start < keys.length; start += deletesAtOnce) {
        const some = keys.slice(start, start + deletesAtOnce)
        try {
          if (knowsBulkDelete) {
            await deleteSome(some)
            continue
          }
        } catch (error) {
          // Google's S3 does not know it.
          if (!(error instanceof S3Error) || ![400, 405, 501].includes(error.status)) throw error
          knowsBulkDelete = false
        }
        await inTurns(some, deletesInFlight, deleteOne)
      }
    },

    /** One page of what begins with `start`, in S3's order: behind `after`, or from where an earlier page ended. */
    async list(
      start: string,
      { delimiter, after, from, limit }: { delimiter?: '/'; after?: string; from?: string | undefined; limit?: number },
    ): Promise<ListPage> {
      const query = {
        'list-type': '2',
        prefix: named(start),
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(from === undefined
          ? after === undefined
            ? {}
            : { 'start-after': named(after) }
          : { 'continuation-token': from }),
        ...(limit === undefined ? {} : { 'max-keys': String(limit) }),
      }
      const xml = (await transport.send({ method: 'GET', key: '', query })).body.toString()
      const keys = Array.from(elements(xml, 'Contents'), (entry) => unnamed(firstText(entry, 'Key') ?? ''))
      const prefixes = Array.from(elements(xml, 'CommonPrefixes'), (entry) => unnamed(firstText(entry, 'Prefix') ?? ''))
      const isLast = firstText(xml, 'IsTruncated') !== 'true'
      return { keys, prefixes, isLast, next: firstText(xml, 'NextContinuationToken') }
    },

    /** Throws where the source is absent. */
    async copy(from: string, to: string): Promise<void> {
      const headers = { ...objectHeaders, 'x-amz-copy-source': sourceHeader(options.bucket, named(from)) }
      await transport.send({ method: 'PUT', key: named(to), headers, silenceMs: longSilenceMs })
    },

    async createMultipart(key: string): Promise<string> {
      const answer = await transport.send({
        method: 'POST',
        key: named(key),
        query: { uploads: '' },
        headers: objectHeaders,
      })
      const id = firstText(answer.body.toString(), 'UploadId')
      if (id === undefined) throw new Error('S3 began a multipart upload without telling its id')
      return id
    },

    async putPart(key: string, id: string, number: number, bytes: readonly Uint8Array[]): Promise<Part> {
      const query = { partNumber: String(number), uploadId: id }
      const answer = await transport.send({
        method: 'PUT',
        key: named(key),
        query,
        body: bytes,
        silenceMs: longSilenceMs,
      })
      return { number, etag: answer.headers.etag ?? '' }
    },

    async copyPart(
      target: { key: string; id: string; number: number },
      from: string,
      range?: ByteRange,
    ): Promise<Part> {
      const { key, id, number } = target
      const answer = await transport.send({
        method: 'PUT',
        key: named(key),
        query: { partNumber: String(number), uploadId: id },
        headers: {
          'x-amz-copy-source': sourceHeader(options.bucket, named(from)),
          ...(range === undefined ? {} : { 'x-amz-copy-source-range': `bytes=${range.start}-${range.end}` }),
        },
        silenceMs: longSilenceMs,
      })
      return { number, etag: firstText(answer.body.toString(), 'ETag') ?? '' }
    },

    async completeMultipart(key: string, id: string, parts: readonly Part[]): Promise<void> {
      const body = Buffer.from(
        `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts
          .map(({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`)
          .join('')}</CompleteMultipartUpload>`,
      )
      await transport.send({
        method: 'POST',
        key: named(key),
        query: { uploadId: id },
        headers: { 'content-type': 'application/xml' },
        body,
        silenceMs: longSilenceMs,
      })
    },

    /** Aborting what is over succeeds. */
    async abortMultipart(key: string, id: string): Promise<void> {
      try {
        await orAbsent(transport.send({ method: 'DELETE', key: named(key), query: { uploadId: id } }))
      } catch (error) {
        if (!isUnknownUpload(error)) throw error
      }
    },

    /** Those in progress on keys that begin with `start`. */
    async *multiparts(start: string): AsyncGenerator<MultipartUpload> {
      let marker: Record<string, string> = {}
      for (;;) {
        const query = { uploads: '', prefix: named(start), ...marker }
        const xml = (await transport.send({ method: 'GET', key: '', query })).body.toString()
        for (const entry of elements(xml, 'Upload')) {
          const startedAt = Date.parse(firstText(entry, 'Initiated') ?? '')
          yield { key: unnamed(firstText(entry, 'Key') ?? ''), id: firstText(entry, 'UploadId') ?? '', startedAt }
        }
        if (firstText(xml, 'IsTruncated') !== 'true') return
        marker = {
          'key-marker': firstText(xml, 'NextKeyMarker') ?? '',
          'upload-id-marker': firstText(xml, 'NextUploadIdMarker') ?? '',
        }
      }
    },

    address: (key: string, query: Record<string, string>, lifetimeSeconds: number): Promise<string> =>
      transport.address('GET', named(key), query, lifetimeSeconds),

    /** Throws when there is no such bucket, or none that these credentials may list. */
    async ping(): Promise<void> {
      await transport.send({ method: 'GET', key: '', query: { 'list-type': '2', prefix, 'max-keys': '1' } })
    },
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

export function headOf(headers: Headers): ObjectHead {
  return {
    size: sizeIn(headers),
    modifiedAt: Date.parse(String(headers['last-modified'])),
    etag: String(headers['etag'] ?? ''),
  }
}

/** Of the whole object, also when the answer holds only a range of it. */
function sizeIn(headers: Headers): number {
  const total = /\/(\d+)$/.exec(String(headers['content-range']))?.[1]
  return Number(total ?? headers['content-length'])
}

function headersOfNewObjects({ encrypt, kmsKeyId, storageClass, acl }: S3Options): Record<string, string> {
  return {
    // What clients are told by S3 when they are sent there.
    'content-type': 'application/octet-stream',
    ...(encrypt ? { 'x-amz-server-side-encryption': kmsKeyId === undefined ? 'AES256' : 'aws:kms' } : {}),
    ...(encrypt && kmsKeyId !== undefined ? { 'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyId } : {}),
    // What S3 does by itself is not asked for: not every store knows these headers, and buckets may forbid access lists.
    ...(storageClass === 'NONE' || storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': storageClass }),
    ...(acl === 'private' ? {} : { 'x-amz-acl': acl }),
  }
}

function sourceHeader(bucket: string, key: string): string {
  return encodeKey(`/${bucket}/${key}`)
}
