// Uploads in progress on S3: full parts in a multipart upload, what is below a part apart, and one small state object that makes them count.
// What a request adds counts with the state's compare-and-swap, its last step: a writer that was overtaken changes nothing.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Readable } from 'node:stream'
import type { StagedUpload, StagingKeys } from '../driver.ts'
import { appendParts, type Progress } from './append-parts.ts'
import type { Bucket, Part } from './bucket.ts'
import { commitUpload, rangesOf, type CopyOptions } from './commit.ts'
import { openDownload } from './download.ts'
import { isUnknownUpload } from './errors.ts'
import { inTurns } from './in-turns.ts'
import { sizeOfParts } from './part-size.ts'
import type { UploadMemory } from './upload-memory.ts'
import {
  bytesOfPieces,
  conflict,
  isConflict,
  keysOf,
  nextPart,
  type Multipart,
  type UploadState,
  type UploadStates,
  type Versioned,
} from './upload-state.ts'

export interface StagingTimes {
  beatMs: number
  /** So long a state may stay as it is before its owner counts as dead: several beats, by our own watch. */
  silentOwnerMs: number
  ownerPollMs: number
}

const usualTimes: StagingTimes = { beatMs: 3000, silentOwnerMs: 10_000, ownerPollMs: 500 }
/** More parts than a writer that was overtaken sends before it has to write down its progress, and finds out. */
const partsOfTheOvertaken = 64

export interface StagingParts extends CopyOptions {
  bucket: Bucket
  states: UploadStates
  memory: UploadMemory
  partBytes: number
  /** For tests, which cannot wait so long. */
  times?: StagingTimes | undefined
}

export function stageOnS3(parts: StagingParts, keys: StagingKeys): StagedUpload {
  const { bucket, states, memory, times: { beatMs, silentOwnerMs, ownerPollMs } = usualTimes } = parts
  let current: Versioned | undefined
  /** What the last append brought, which `save` makes count. */
  let unsaved: { progress: Progress; superseded: string[] } | undefined
  let isCommitted = false

  async function known(): Promise<Versioned> {
    current ??= await states.load(keys.note)
    if (current === undefined) throw conflict(`${keys.note} is gone`)
    return current
  }

  /** The state, asked for again where nothing that `commit` touches would be missing if the upload were over. */
  async function proven(): Promise<Versioned> {
    const before = await known()
    const { multipart, sealedBytes, pieces } = before.state
    if (multipart !== undefined || sealedBytes !== undefined || keysOf(pieces).length > 0) return before
    const now = await states.load(keys.note)
    if (now?.etag !== before.etag) throw conflict(`${keys.note} was changed by another writer`)
    return now
  }

  async function replace(state: UploadState): Promise<void> {
    current = await states.replace(keys.note, await known(), state)
  }

  /** Waits for another process that is appending, and takes its place once it shows no more life. */
  async function claim(): Promise<void> {
    const { state: expected } = await known()
    let seen = await known()
    const seenAt = performance.now()
    while (seen.state.owner !== undefined && performance.now() - seenAt < silentOwnerMs) {
      await sleep(ownerPollMs)
      const now = await states.load(keys.note)
      if (now === undefined || now.state.size !== expected.size)
        throw conflict(`${keys.note} was changed by another writer`)
      if (now.etag !== seen.etag && now.state.owner !== undefined)
        throw conflict(`${keys.note}: another process is appending`)
      seen = now
    }
    const { multipart, owner } = seen.state
    // Late parts of who was overtaken must not take the place of ours.
    const skipped = owner === undefined ? 0 : partsOfTheOvertaken
    current = await states.replace(keys.note, seen, {
      ...seen.state,
      ...(multipart === undefined ? {} : { multipart: { ...multipart, next: nextPart(multipart) + skipped } }),
      owner: { token: randomUUID(), beat: 0 },
    })
    // Who died may have completed the parts without writing it down.
    if (owner !== undefined && (await isCompleted())) await replace(sealed(current.state))
  }

  /** Whether the full parts are an object already, to which nothing can be added. */
  async function isCompleted(): Promise<boolean> {
    const { multipart, partBytes } = (await known()).state
    return multipart !== undefined && (await bucket.head(keys.data))?.size === multipart.parts.length * partBytes
  }

  /** Shows life for as long as the work lasts, which must not change the state itself. */
  async function beating(work: () => Promise<void>): Promise<void> {
    let beats = Promise.resolve()
    const heart = setInterval(() => {
      beats = beats.then(async () => replace(withBeat((await known()).state))).catch(() => {})
    }, beatMs)
    try {
      await work()
    } finally {
      clearInterval(heart)
      await beats
    }
  }

  /** Waits for another process that is appending, if there is one. True when this one is the owner now. */
  async function claimFromOwner(): Promise<boolean> {
    if ((await known()).state.owner === undefined) return false
    await claim()
    return true
  }

  /** Where full parts go: the upload's own, which nobody else may write to meanwhile, or a new one, which nobody knows of yet. */
  async function openMultipart(isOwner: boolean): Promise<Multipart> {
    if (!isOwner && (await known()).state.multipart !== undefined) await claim()
    const { state } = await known()
    if (state.multipart !== undefined) return state.multipart
    const id = await bucket.createMultipart(keys.data)
    if (state.sealedBytes === undefined) return { id, parts: [] }
    const ranges = rangesOf(state.sealedBytes, state.partBytes)
    const copied = await inTurns(ranges, parts.copiesAtOnce, (range, index): Promise<Part> =>
      bucket.copyPart({ key: keys.data, id, number: index + 1 }, keys.data, range),
    )
    return { id, parts: copied }
  }

  /** The full parts as an object that can be read. As its owner: what another one added meanwhile would have nowhere to go. */
  async function seal(): Promise<UploadState> {
    if ((await known()).state.multipart === undefined) return (await known()).state
    await claim()
    try {
      await beating(async () => {
        const { multipart } = (await known()).state
        if (multipart === undefined || (await isCompleted())) return
        await orOver(bucket.completeMultipart(keys.data, multipart.id, multipart.parts))
      })
      await replace(withoutOwner(sealed((await known()).state)))
    } catch (error) {
      await replace(withoutOwner((await known()).state)).catch(() => {})
      throw error
    }
    return (await known()).state
  }

  /** A multipart upload that is no more was ended by another request. */
  async function orOver<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw isUnknownUpload(error) ? conflict(`the multipart upload of ${keys.data} is over`) : error
    }
  }

  /** Ends a multipart upload that this request began, unless the state names it: then only the answer that said so was lost. */
  async function abortOwn(id: string): Promise<void> {
    try {
      if ((await states.load(keys.note))?.state.multipart?.id !== id) await bucket.abortMultipart(keys.data, id)
    } catch {
      // The purge will.
    }
  }

  return {
    async begin(startedAt, note) {
      const state: UploadState = { startedAt, size: 0, note, partBytes: parts.partBytes, pieces: [] }
      current = await states.create(keys.note, state)
      return current.etag
    },

    async find(version) {
      current =
        (version === undefined ? undefined : states.recall(keys.note, version)) ?? (await states.load(keys.note))
      return current && { size: current.state.size, note: current.state.note, version: current.etag }
    },

    async append(chunks, { note, length }) {
      let isOwner = await claimFromOwner()
      /** The state may name what was opened, also where the answer that would say so is lost. */
      let isTold = false
      const before = (await known()).state
      let opened: Multipart | undefined
      let changing = Promise.resolve()
      /** One change of the state at a time. */
      const change = (next: (state: UploadState) => UploadState): Promise<void> => {
        const changed = changing.then(async () => replace(next((await known()).state)))
        changing = changed.catch(() => {})
        return changed
      }
      const heart = setInterval(() => {
        if (isOwner) change(withBeat).catch(() => {})
      }, beatMs)
      try {
        const { progress, superseded, failure } = await orOver(
          appendParts(
            { ...before, partBytes: before.size === 0 ? sizeOfParts(before.partBytes, length) : before.partBytes },
            chunks,
            length,
            {
              bucket,
              memory,
              dataKey: keys.data,
              async openMultipart() {
                opened = await openMultipart(isOwner)
                isOwner ||= before.multipart !== undefined
                return opened
              },
              async checkpoint(progress) {
                isTold = true
                await change((state) => withBeat(stateAfter(state, progress, note())))
                isOwner = true
              },
            },
          ),
        )
        unsaved = { progress, superseded }
        if (failure !== undefined) throw failure.error
        return progress.size
      } catch (error) {
        if (unsaved === undefined && opened !== undefined && (!isTold || isConflict(error))) await abortOwn(opened.id)
        if (unsaved === undefined && isOwner) await change(withoutOwner).catch(() => {})
        throw error
      } finally {
        clearInterval(heart)
        await changing
      }
    },

    async save(note) {
      const { state } = await known()
      const after = withoutOwner(unsaved === undefined ? { ...state, note } : stateAfter(state, unsaved.progress, note))
      try {
        await replace(after)
      } catch (error) {
        const mine = unsaved?.progress.multipart?.id
        if (isConflict(error) && mine !== undefined && mine !== state.multipart?.id) await abortOwn(mine)
        throw error
      }
      const superseded = unsaved?.superseded ?? []
      unsaved = undefined
      if (superseded.length > 0) await bucket.deleteAll(superseded)
      return (current as Versioned).etag
    },

    async read(start = 0) {
      const state = await seal()
      const sealedBytes = state.sealedBytes ?? 0
      async function* bytes(): AsyncGenerator<Buffer> {
        if (start < sealedBytes) {
          const download = await openDownload(bucket, keys.data, { start, end: sealedBytes - 1 })
          if (download === undefined) throw new Error(`${keys.data} is missing`)
          yield* download.stream()
        }
        const rest = Buffer.concat(await bytesOfPieces(bucket, state.pieces))
        const skipped = Math.max(0, start - sealedBytes)
        if (skipped < rest.length) yield rest.subarray(skipped)
      }
      return Readable.from(bytes(), { objectMode: false })
    },

    async commit(target) {
      const { state } = await proven()
      await commitUpload(bucket, { state, dataKey: keys.data, target }, parts)
      isCommitted = true
    },

    async discard() {
      const { state } = (current ??= await states.load(keys.note)) ?? {}
      states.forget(keys.note)
      current = undefined
      if (state === undefined) return
      if (state.multipart !== undefined && !isCommitted) await bucket.abortMultipart(keys.data, state.multipart.id)
      const holdsData = state.multipart !== undefined || state.sealedBytes !== undefined
      await bucket.deleteAll([...keysOf(state.pieces), ...(holdsData ? [keys.data] : []), keys.note])
    },
  }
}

function stateAfter(state: UploadState, progress: Progress, note: string): UploadState {
  const { sealedBytes, ...others } = state
  const isSealed = sealedBytes !== undefined && progress.multipart === undefined
  return { ...others, ...(isSealed ? { sealedBytes } : {}), ...progress, note }
}

/** With the full parts as an object, where they were a multipart upload. */
function sealed({ multipart, ...others }: UploadState): UploadState {
  return multipart === undefined ? others : { ...others, sealedBytes: multipart.parts.length * others.partBytes }
}

function withoutOwner(state: UploadState): UploadState {
  const { owner, ...others } = state
  return owner === undefined ? state : others
}

function withBeat(state: UploadState): UploadState {
  const { token, beat } = state.owner ?? { token: randomUUID(), beat: 0 }
  return { ...state, owner: { token, beat: beat + 1 } }
}
