// What is written down of an upload in progress: one small object, replaced by compare-and-swap. Whoever has read it can go on.
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { StorageError } from '../storage-error.ts'
import type { Bucket, Part } from './bucket.ts'

const rememberedUploads = 2000

/** Bytes that do not fill a part yet, as an object of their own or, few, right here. */
export type Piece = { size: number; key: string } | { size: number; inline: string }

export interface UploadState {
  startedAt: string
  /** Bytes that may be built upon: those of the parts (or sealed), then those of the pieces. */
  size: number
  /** The caller's, about exactly those bytes. */
  note: string
  /** Size of all parts but the upload's last one. */
  partBytes: number
  /** The multipart upload that holds the full parts. */
  multipart?: Multipart
  /** Size of the object at the data key that holds the full parts: a multipart upload that had to be completed to be read. */
  sealedBytes?: number
  pieces: readonly Piece[]
  /** Who is appending to the multipart upload now. Its beat changes while it lives. */
  owner?: { token: string; beat: number }
}

export interface Multipart {
  id: string
  parts: readonly Part[]
  /** The least number that the next part may have, where it is not the one behind the last part: others may still be written by who was overtaken. */
  next?: number
}

/** A state as it was read or written, with the version that proves it. */
export interface Versioned {
  state: UploadState
  etag: string
}

export interface UploadStates {
  /** What this process read or wrote last, if it is still this version. */
  recall(key: string, etag: string): Versioned | undefined
  load(key: string): Promise<Versioned | undefined>
  create(key: string, state: UploadState): Promise<Versioned>
  /** Replaces what `before` was. Throws a conflict when it is that no more. */
  replace(key: string, before: Versioned, state: UploadState): Promise<Versioned>
  forget(key: string): void
}

/** `comparesAndSwaps`: whether the store heeds If-Match; where it does not, the caller's locks are all there is. */
export function createUploadStates(bucket: Bucket, comparesAndSwaps: boolean): UploadStates {
  const remembered = new LRUCache<string, Versioned>({ max: rememberedUploads })

  function remember(key: string, state: UploadState, etag: string): Versioned {
    const versioned = { state, etag }
    remembered.set(key, versioned)
    return versioned
  }

  return {
    recall(key, etag) {
      const kept = remembered.get(key)
      return kept?.etag === etag ? kept : undefined
    },

    async load(key) {
      const value = await bucket.get(key)
      const state = value && stateIn(value.bytes)
      return state && remember(key, state, value.etag)
    },

    async create(key, state) {
      // A first attempt whose answer was lost must not come late and take back what was written since.
      const etag = await bucket.put(key, bytesOf(state), comparesAndSwaps ? { ifAbsent: true } : {})
      if (etag === undefined) throw conflict(`${key} is there already`)
      return remember(key, state, etag)
    },

    async replace(key, before, state) {
      const bytes = bytesOf(state)
      const etag = await bucket.put(key, bytes, comparesAndSwaps ? { ifMatch: before.etag } : {})
      if (etag !== undefined) return remember(key, state, etag)
      remembered.delete(key)
      throw conflict(`${key} was changed by another writer`)
    },

    forget: (key) => void remembered.delete(key),
  }
}

export function conflict(message: string): StorageError {
  return new StorageError('conflict', message)
}

export function isConflict(error: unknown): boolean {
  return error instanceof StorageError && error.storageFailure === 'conflict'
}

export function nextPart({ parts, next = 1 }: Multipart): number {
  return Math.max(next, (parts.at(-1)?.number ?? 0) + 1)
}

export function sumOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0)
}

export function keysOf(pieces: readonly Piece[]): string[] {
  return pieces.flatMap((piece) => ('key' in piece ? [piece.key] : []))
}

export async function bytesOfPieces(bucket: Bucket, pieces: readonly Piece[]): Promise<Buffer[]> {
  return Promise.all(
    pieces.map(async (piece) => {
      if ('inline' in piece) return Buffer.from(piece.inline, 'base64')
      const value = await bucket.get(piece.key)
      if (value === undefined) throw conflict(`${piece.key}, a part of an upload, is gone`)
      return value.bytes
    }),
  )
}

/** Each writing differs, so that its version does. */
function bytesOf(state: UploadState): Buffer {
  return Buffer.from(JSON.stringify({ ...state, writing: randomUUID() }))
}

/** Undefined when the bytes are no state of ours. */
function stateIn(bytes: Buffer): UploadState | undefined {
  try {
    const state = JSON.parse(bytes.toString()) as UploadState
    return typeof state.size === 'number' && Array.isArray(state.pieces) ? state : undefined
  } catch {
    return undefined
  }
}
