// From an upload in progress to the object at its final key: the parts become one object, and S3 copies that, since it cannot move.
// Every step may be repeated after a crash in the middle.
import type { ByteRange } from '../driver.ts'
import type { Bucket, Part } from './bucket.ts'
import { isAbsence, isUnknownUpload } from './errors.ts'
import { inTurns } from './in-turns.ts'
import {
  bytesOfPieces,
  conflict,
  nextPart,
  sumOf,
  type Multipart,
  type Piece,
  type UploadState,
} from './upload-state.ts'

export interface CopyOptions {
  copyPartBytes: number
  copiesAtOnce: number
  /** Up to this size S3 copies in one request, in bytes. */
  copyThresholdBytes: number
}

export async function commitUpload(
  bucket: Bucket,
  { state, dataKey, target }: { state: UploadState; dataKey: string; target: string },
  options: CopyOptions,
): Promise<void> {
  const { multipart, pieces, size } = state
  const completeBytes = multipart ? await completeAll(bucket, dataKey, { ...state, multipart }) : state.sealedBytes
  if (multipart !== undefined && completeBytes === size) {
    await orConflict(copyWhole(bucket, { from: dataKey, to: target, size }, options))
  } else if (completeBytes !== undefined) {
    // Some stores want all parts but the last of one size: what is sealed is so many full parts.
    const copyPartBytes = pieces.length === 0 ? options.copyPartBytes : state.partBytes
    const copy = { from: dataKey, to: target, size: completeBytes }
    await orConflict(copyWithRest(bucket, copy, pieces, { ...options, copyPartBytes }))
  } else if (pieces.length === 1 && 'key' in (pieces[0] as Piece)) {
    await orConflict(bucket.copy((pieces[0] as { key: string }).key, target))
  } else {
    await bucket.put(target, await bytesOfPieces(bucket, pieces))
  }
}

/** What is to be copied is gone when another process has ended the upload. */
async function orConflict<T>(copying: Promise<T>): Promise<T> {
  try {
    return await copying
  } catch (error) {
    throw isAbsence(error) ? conflict(error.message) : error
  }
}

/** Makes the upload one object at its data key. Resolves to the size of what is there: without the pieces where they came too late. */
async function completeAll(
  bucket: Bucket,
  dataKey: string,
  { multipart, pieces, partBytes, size }: UploadState & { multipart: Multipart },
): Promise<number> {
  const { id, parts } = multipart
  try {
    const last = await addRest(bucket, { key: dataKey, id, number: nextPart(multipart) }, pieces)
    await bucket.completeMultipart(dataKey, id, [...parts, ...last])
    return size
  } catch (error) {
    // An earlier attempt came this far, or somebody died who had to read the bytes: then what it made is there.
    if (!isUnknownUpload(error)) throw error
    const there = (await bucket.head(dataKey))?.size
    if (there === size || there === parts.length * partBytes) return there
    throw conflict(`the multipart upload of ${dataKey} is over`)
  }
}

/** The pieces as the last part: S3 takes a short one only there. */
async function addRest(
  bucket: Bucket,
  target: { key: string; id: string; number: number },
  pieces: readonly Piece[],
): Promise<Part[]> {
  const [only] = pieces
  if (only === undefined) return []
  if (pieces.length === 1 && 'key' in only) return [await orConflict(bucket.copyPart(target, only.key))]
  return [await bucket.putPart(target.key, target.id, target.number, await bytesOfPieces(bucket, pieces))]
}

interface Copy {
  from: string
  to: string
  size: number
}

async function copyWhole(bucket: Bucket, { from, to, size }: Copy, options: CopyOptions): Promise<void> {
  if (size <= options.copyThresholdBytes) return bucket.copy(from, to)
  await copyWithRest(bucket, { from, to, size }, [], options)
}

async function copyWithRest(bucket: Bucket, copy: Copy, pieces: readonly Piece[], options: CopyOptions): Promise<void> {
  const { from, to } = copy
  const size = copy.size + sumOf(pieces)
  // Content is known by its name: what is there already with this size is the same.
  if ((await bucket.head(to))?.size === size) return
  const id = await bucket.createMultipart(to)
  try {
    const ranges = rangesOf(copy.size, options.copyPartBytes)
    const parts = await inTurns(ranges, options.copiesAtOnce, (range, index) =>
      bucket.copyPart({ key: to, id, number: index + 1 }, from, range),
    )
    const last = await addRest(bucket, { key: to, id, number: parts.length + 1 }, pieces)
    await bucket.completeMultipart(to, id, [...parts, ...last])
  } catch (error) {
    // Complete, and only its answer lost: then the object is there.
    if (isUnknownUpload(error) && (await bucket.head(to))?.size === size) return
    await bucket.abortMultipart(to, id).catch(() => {})
    throw error
  }
}

/** Ranges of at most `partBytes` that cover `size` bytes, none but the only one smaller than S3 takes. */
export function rangesOf(size: number, partBytes: number): ByteRange[] {
  const count = Math.max(1, Math.ceil(size / partBytes))
  return Array.from({ length: count }, (_, index) => ({
    start: index * partBytes,
    end: Math.min(size, (index + 1) * partBytes) - 1,
  }))
}
