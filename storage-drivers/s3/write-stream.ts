// Bytes whose key is known before they come go straight there: no staging, no copy. Nothing is visible before the source has ended well.
import type { Batches, KnownBytes } from '../driver.ts'
import { freePieces } from '../piece-memory.ts'
import type { Bucket, Part } from './bucket.ts'
import { isOfNetwork, isUnknownUpload } from './errors.ts'
import { sizeOfParts } from './part-size.ts'
import type { Lease, UploadMemory } from './upload-memory.ts'

const gibibyte = 1024 ** 3
/** S3's limit for one PUT. */
const largestPutBytes = 5 * gibibyte
/** Up to this size the bytes are kept until S3 has them: then a failure of the store can be overcome without the client. */
const repeatableBytes = 1024 * 1024
const partsInFlight = 3

export interface StreamTarget {
  bucket: Bucket
  memory: UploadMemory
  partBytes: number
}

export async function writeStreamToS3(
  { bucket, memory, partBytes }: StreamTarget,
  key: string,
  chunks: Batches,
  { length, sha256 }: KnownBytes,
): Promise<void> {
  if (length !== undefined && length <= repeatableBytes) return putAtOnce(bucket, key, chunks)
  // Without the hash, a store may take a connection that breaks for the end of the bytes (versitygw does).
  if (length !== undefined && sha256 !== undefined && length <= largestPutBytes)
    return putAsItComes(bucket, key, chunks, { length, sha256 })
  await putInParts({ bucket, memory, partBytes: sizeOfParts(partBytes, length) }, key, chunks)
}

async function putAtOnce(bucket: Bucket, key: string, chunks: Batches): Promise<void> {
  const bytes: Uint8Array[] = []
  for await (const batch of chunks) bytes.push(Buffer.concat(batch))
  await bucket.put(key, bytes)
}

async function putAsItComes(
  bucket: Bucket,
  key: string,
  chunks: Batches,
  { length, sha256 }: { length: number; sha256: string },
): Promise<void> {
  let hasEnded = false
  async function* watched(): Batches {
    yield* chunks
    hasEnded = true
  }
  try {
    await bucket.putStream(key, watched(), length, sha256)
  } catch (error) {
    // All was sent, and only the answer was lost: what is at a key that names its content is that content.
    if (hasEnded && isOfNetwork(error) && (await bucket.head(key))?.size === length) return
    throw error
  }
}

async function putInParts({ bucket, memory, partBytes }: StreamTarget, key: string, chunks: Batches): Promise<void> {
  const inFlight = new Set<Promise<void>>()
  const parts: Part[] = []
  let id: string | undefined
  let rest: Uint8Array[] = []
  let restBytes = 0
  let size = 0
  let lease: Lease | undefined

  async function sendPart(): Promise<void> {
    id ??= await bucket.createMultipart(key)
    const [bytes, held, number] = [rest, lease, parts.length + 1]
    rest = []
    restBytes = 0
    lease = undefined
    parts.push({ number, etag: '' })
    const send = async (upload: string): Promise<void> => {
      parts[number - 1] = await bucket.putPart(key, upload, number, bytes)
      freePieces(bytes)
    }
    const settled = send(id).finally(() => {
      held?.release()
      inFlight.delete(settled)
    })
    settled.catch(() => {})
    inFlight.add(settled)
    while (inFlight.size >= partsInFlight) await Promise.race(inFlight)
  }

  async function complete(upload: string): Promise<void> {
    try {
      await bucket.completeMultipart(key, upload, parts)
    } catch (error) {
      // Complete, and only its answer lost: not every store says so again.
      if (!isUnknownUpload(error) || (await bucket.head(key))?.size !== size) throw error
    }
  }

  try {
    lease = await memory.take(partBytes)
    for await (const batch of chunks) {
      for (let piece of batch) {
        while (piece.length > 0) {
          lease ??= await memory.take(partBytes)
          const part = piece.subarray(0, partBytes - restBytes)
          rest.push(part)
          restBytes += part.length
          size += part.length
          piece = piece.subarray(part.length)
          if (restBytes === partBytes) await sendPart()
        }
      }
    }
    if (id === undefined) return void (await bucket.put(key, rest))
    if (restBytes > 0) await sendPart()
    await Promise.all(inFlight)
    await complete(id)
  } catch (error) {
    await Promise.allSettled(inFlight)
    if (id !== undefined) await bucket.abortMultipart(key, id).catch(() => {})
    throw error
  } finally {
    lease?.release()
  }
}
