// The bytes of one request on their way into an upload: full parts go up while more bytes come, the rest is kept apart at the end.
import { randomUUID } from 'node:crypto'
import type { Batches } from '../driver.ts'
import { freePieces } from '../piece-memory.ts'
import type { Bucket, Part } from './bucket.ts'
import type { Lease, UploadMemory } from './upload-memory.ts'
import { bytesOfPieces, keysOf, nextPart, sumOf, type Multipart, type Piece, type UploadState } from './upload-state.ts'

const partsInFlight = 3
/** A rest up to this size travels in the state itself. */
const inlineBytes = 16 * 1024
/** As many objects may make up the rest; then they become one. */
const mostPieces = 8
/** Full parts after which the progress is written down, so that a crash of this process costs the client little. */
const checkpointParts = 16
/** How long an upload may hold memory that others wait for without filling it. */
const patienceMs = 2000
/** A batch of many pieces smaller than this is joined before it is kept. */
const smallPieceBytes = 4096

/** How far the upload is: what its state will say of its bytes. */
export type Progress = Pick<UploadState, 'size' | 'partBytes' | 'pieces' | 'multipart'>

export interface AppendTarget {
  bucket: Bucket
  memory: UploadMemory
  dataKey: string
  /** The multipart upload that full parts go to: asked for when the first is full. */
  openMultipart(): Promise<Multipart>
  /** Called now and then with everything that has arrived, durable. */
  checkpoint(progress: Progress): Promise<void>
}

export interface Appended {
  progress: Progress
  /** Objects that are part of the upload no longer. */
  superseded: string[]
  /** Why the source ended, if it failed. */
  failure: { error: unknown } | undefined
}

/** Throws what the storage throws. `length` is how many bytes will come, where that is known. */
export async function appendParts(
  before: Progress,
  chunks: Batches,
  length: number | undefined,
  target: AppendTarget,
): Promise<Appended> {
  const { bucket, memory, dataKey } = target
  const { partBytes } = before
  const superseded: string[] = []
  const inFlight = new Set<Promise<void>>()
  let pieces: readonly Piece[] = before.pieces
  let multipart = before.multipart
  let open: (Multipart & { parts: Part[] }) | undefined
  let size = before.size
  let rest: Uint8Array[] = []
  let restBytes = 0
  let lease: Lease | undefined
  let sinceCheckpoint = 0

  const room = (): number => partBytes - sumOf(pieces) - restBytes

  async function sendPart(): Promise<void> {
    if (open === undefined) {
      const opened = await target.openMultipart()
      open = { ...opened, parts: [...opened.parts] }
      multipart = open
    }
    const { id, parts } = open
    const bytes = [...(await bytesOfPieces(bucket, pieces)), ...rest]
    const number = nextPart(open)
    const index = parts.push({ number, etag: '' }) - 1
    superseded.push(...keysOf(pieces))
    const held = lease
    pieces = []
    rest = []
    restBytes = 0
    lease = undefined
    sinceCheckpoint++
    const send = async (): Promise<void> => {
      parts[index] = await bucket.putPart(dataKey, id, number, bytes)
      freePieces(bytes)
    }
    const settled = send().finally(() => {
      held?.release()
      inFlight.delete(settled)
    })
    // The failure is seen at the next await; without this, one that comes earlier would end the process.
    settled.catch(() => {})
    inFlight.add(settled)
    while (inFlight.size >= partsInFlight) await Promise.race(inFlight)
  }

  /** Puts what does not fill a part where it is safe. */
  async function keepRest(): Promise<void> {
    if (restBytes === 0) return
    const last = pieces.at(-1)
    const joined = [...rest]
    let kept = pieces
    let bytes = restBytes
    if (pieces.length >= mostPieces) {
      joined.unshift(...(await bytesOfPieces(bucket, pieces)))
      bytes += sumOf(pieces)
      superseded.push(...keysOf(pieces))
      kept = []
    } else if (last !== undefined && 'inline' in last) {
      joined.unshift(...(await bytesOfPieces(bucket, [last])))
      bytes += last.size
      kept = pieces.slice(0, -1)
    }
    if (bytes <= inlineBytes) {
      pieces = [...kept, { size: bytes, inline: Buffer.concat(joined).toString('base64') }]
    } else {
      const key = `${dataKey}-${randomUUID()}`
      await bucket.put(key, joined)
      pieces = [...kept, { size: bytes, key }]
    }
    freePieces(joined)
    rest = []
    restBytes = 0
    lease?.release()
    lease = undefined
  }

  function progress(): Progress {
    if (multipart === undefined) return { size, partBytes, pieces }
    return { size, partBytes, pieces, multipart: { id: multipart.id, parts: [...multipart.parts] } }
  }

  async function takeIn(batch: readonly Uint8Array[]): Promise<void> {
    for (let piece of wellSized(batch)) {
      while (piece.length > 0) {
        lease ??= await memory.take(wanted())
        const part = piece.subarray(0, room())
        rest.push(part)
        restBytes += part.length
        size += part.length
        piece = piece.subarray(part.length)
        if (room() === 0) await sendPart()
      }
    }
    if (sinceCheckpoint < checkpointParts) return
    await keepRest()
    await Promise.all(inFlight)
    await target.checkpoint(progress())
    sinceCheckpoint = 0
  }

  /** Memory for one part, or for all that is going to come; for what is kept apart only where it is going to be joined. */
  function wanted(): number {
    const left = length === undefined ? Infinity : Math.max(before.size + length - size, 1)
    const staysApart = pieces.length < mostPieces && sumOf(pieces) + left < partBytes
    return staysApart ? left : Math.min(partBytes, sumOf(pieces) + left)
  }

  let failure: Appended['failure']
  let isPending = false
  const source = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      // Before the socket is read: what comes must have a place.
      lease ??= await memory.take(wanted())
      const pending = source.next()
      isPending = true
      await patience(pending)
      let next: IteratorResult<readonly Uint8Array[]>
      try {
        next = await pending
      } catch (error) {
        failure = { error }
        break
      } finally {
        isPending = false
      }
      if (next.done) break
      await takeIn(next.value)
    }
    await keepRest()
    await Promise.all(inFlight)
    return { progress: progress(), superseded, failure }
  } catch (error) {
    const returned = source.return?.().catch(() => {})
    // A generator that waits for its client returns when that has sent something.
    if (!isPending) await returned
    await Promise.allSettled(inFlight)
    throw error
  } finally {
    lease?.release()
  }

  /** Waits for the source, and does not sit on memory that others wait for meanwhile. Whether the source failed is seen elsewhere. */
  async function patience(next: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const come = (): void => resolve(true)
    next.then(come, come)
    let timer: NodeJS.Timeout | undefined
    const stopListening = memory.onWanted(() => (timer ??= setTimeout(resolve, patienceMs, false).unref()))
    const hasCome = await promise
    stopListening()
    clearTimeout(timer)
    if (hasCome) return
    await keepRest()
    lease?.release()
    lease = undefined
  }
}

function wellSized(batch: readonly Uint8Array[]): readonly Uint8Array[] {
  const bytes = batch.reduce((sum, { length }) => sum + length, 0)
  return batch.length > 1 && bytes / batch.length < smallPieceBytes ? [Buffer.concat(batch)] : batch
}
