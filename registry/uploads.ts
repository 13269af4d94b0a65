// Pushing blobs: sessions that take bytes in any number of requests, by any process, and end in a verified blob.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Lock, Locker } from '../coordination/locker.ts'
import type { KnownBytes, StagedState, StagedUpload, StorageDriver } from '../storage-drivers/driver.ts'
import type { Blobs } from './blobs.ts'
import {
  checkDigest,
  checkLength,
  countAndDigest,
  verified,
  type UploadBody,
  type UploadRequest,
} from './counted-body.ts'
import { algorithmOf, createDigester, hexOf, type Algorithm, type Digest, type Digester } from './digest.ts'
import { RegistryError, storageFailureOf } from './errors.ts'
import { blobKey, uploadKeys } from './layout.ts'
import type { RepositoryName, UploadId } from './names.ts'
import { createUploadDigests, noteIn, noteOf, type UploadNote } from './upload-digests.ts'

/** A client that lost its connection comes back before the old request has noticed: so long the new one waits for it. */
const busyWaitMs = 3000
const busyPollMs = 20
const rememberedVersions = 2000

export interface Uploads {
  start(repository: RepositoryName, algorithm: Algorithm): Promise<UploadId>
  /** Bytes received so far. Throws BLOB_UPLOAD_UNKNOWN. */
  size(repository: RepositoryName, id: UploadId): Promise<number>
  /** Resolves to the new size when the bytes are durable. Throws BLOB_UPLOAD_UNKNOWN, RANGE_INVALID, SIZE_INVALID, UPLOAD_BUSY. */
  append(repository: RepositoryName, id: UploadId, body: UploadBody): Promise<number>
  /**
   * Ends the upload in a blob, or, when the digest is not that of the bytes, in nothing (DIGEST_INVALID). May be repeated: an upload that is
   * over succeeds again when the repository has the blob.
   */
  finish(repository: RepositoryName, id: UploadId, digest: Digest, request?: UploadRequest): Promise<void>
  cancel(repository: RepositoryName, id: UploadId): Promise<void>
  /** What the client should say in its next request (`UploadRequest.version`), so that this process need not ask the storage how far the upload is. */
  versionOf(id: UploadId): string | undefined
  /** A whole blob in one request. */
  push(repository: RepositoryName, digest: Digest, body: UploadBody): Promise<void>
  /** Gives the repository a blob that `from` has; without `from`, one that the registry has. False when there is none. */
  mount(repository: RepositoryName, digest: Digest, from: RepositoryName | undefined): Promise<boolean>
}

export interface UploadParts {
  driver: StorageDriver
  blobs: Blobs
  locker: Locker
  now: () => number
}

interface UploadCall {
  repository: RepositoryName
  id: UploadId
  request: UploadRequest | undefined
  /** Whether it is going to end the upload. */
  isPut?: boolean
}

/** One request's hold on an upload. */
interface Session {
  id: UploadId
  staged: StagedUpload
  /** Bytes that are there. */
  size: number
  /** What is known of all or some of them; never of more. */
  note: UploadNote | undefined
  /** What was noted, whether it still is true or not: a crash after the bytes went to their blob leaves the note without them. */
  lastNote: UploadNote | undefined
  version: string | undefined
}

export function createUploads({ driver, blobs, locker, now }: UploadParts): Uploads {
  const digests = createUploadDigests()
  const versions = new LRUCache<UploadId, string>({ max: rememberedVersions })

  const stagedOf = (repository: RepositoryName, id: UploadId): StagedUpload => driver.stage(uploadKeys(repository, id))

  async function found(staged: StagedUpload, version?: string): Promise<StagedState> {
    const state = await staged.find(version)
    if (state === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN')
    return state
  }

  function remember(id: UploadId, version: string | undefined): void {
    if (version !== undefined) versions.set(id, version)
  }

  /** Runs `work` as the upload's only request. */
  async function alone<T>(
    { repository, id, request, isPut = false }: UploadCall,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const staged = stagedOf(repository, id)
    const key = uploadLock(repository, id)
    const free = await locker.tryAcquire(key)
    let sizeBefore: number | undefined
    if (free === undefined) ({ size: sizeBefore } = await found(staged, request?.version))
    const lock = free ?? (await acquireSoon(locker, key))
    try {
      // Bytes that go straight to their blob touch nothing that would show that the upload is over.
      const version = isPut && request?.chunks !== undefined ? undefined : request?.version
      const { size, note, version: current } = await found(staged, version)
      // Bytes that do not say where they belong were meant to follow those that were there when they came.
      if (
        sizeBefore !== undefined &&
        size !== sizeBefore &&
        request?.chunks !== undefined &&
        request.start === undefined
      )
        throw new RegistryError('UPLOAD_BUSY')
      const lastNote = noteIn(note)
      const trueNote = lastNote && lastNote.size <= size ? lastNote : undefined
      return await work({ id, staged, size, note: trueNote, lastNote, version: current })
    } catch (error) {
      // What another process did meanwhile may have been the upload's end.
      if (storageFailureOf(error) === 'conflict') await found(stagedOf(repository, id))
      throw error
    } finally {
      lock.release()
    }
  }

  async function save({ id, staged }: Session, digester: Digester, size: number): Promise<void> {
    remember(id, await staged.save(noteOf(digester, size)))
    // Not before: where another process was faster, the upload has its bytes instead of these.
    digests.keep(id, digester, size)
  }

  /** Appends and keeps the digest in step, also when the client goes away in the middle. Resolves to digester and new size. */
  async function receive(
    session: Session,
    body: UploadBody,
    algorithm: Algorithm,
  ): Promise<{ digester: Digester; size: number }> {
    const { id, staged, size, note } = session
    // spec, Pushing a blob in chunks: "If a chunk is uploaded out of order, the registry MUST respond with a `416`".
    if (body.start !== undefined && body.start !== size) {
      throw new RegistryError('RANGE_INVALID', { detail: { expected: size, actual: body.start } })
    }
    // A note that tells of more bytes than there are would tell a lie of those that come now.
    if (note !== session.lastNote) await staged.save('')
    // Who says where bytes belong sends them in chunks, each of which may reach another process.
    const isMovable = driver.isRemote && body.start !== undefined
    const digester = await digests.digesterAt(id, staged, { algorithm, size, note, isMovable })
    const counted = countAndDigest(body, digester)
    const newSize = (): number => size + counted.bytes()
    try {
      await staged.append(counted.chunks, { note: () => noteOf(digester, newSize()), length: body.length })
    } catch (error) {
      if (counted.isOfSource(error)) await save(session, digester, newSize())
      throw error
    }
    try {
      checkLength(body, counted.bytes())
    } catch (error) {
      await save(session, digester, newSize())
      throw error
    }
    return { digester, size: newSize() }
  }

  /** The digest of what is staged, from what is already known where possible. */
  async function stagedDigest({ id, staged, size, note }: Session, algorithm: Algorithm): Promise<Digest> {
    if (note !== undefined && note.size === size && note.algorithm === algorithm) return note.digest
    return (await digests.digesterAt(id, staged, { algorithm, size, note, isMovable: false })).digest()
  }

  /** A crash between the commit and the link leaves a note that proves whose bytes they were. */
  async function wasCommitted({ size, lastNote }: Session, digest: Digest): Promise<boolean> {
    if (size > 0 || lastNote === undefined || lastNote.digest !== digest || lastNote.size === 0) return false
    return (await blobs.storedSize(digest)) === lastNote.size
  }

  async function discard({ id, staged }: Pick<Session, 'id' | 'staged'>): Promise<void> {
    digests.forget(id)
    versions.delete(id)
    await staged.discard()
  }

  async function commitVerified(
    repository: RepositoryName,
    session: Session,
    { expected, actual }: { expected: Digest; actual: Digest },
  ): Promise<void> {
    if (actual !== expected) await discard(session)
    checkDigest(expected, actual)
    // Moving over an existing blob costs nothing and repairs one that an older registry left torn.
    await session.staged.commit(blobKey(expected))
    await blobs.link(repository, expected)
    await discard(session)
  }

  async function push(repository: RepositoryName, digest: Digest, body: UploadBody): Promise<void> {
    await driver.writeStream(blobKey(digest), verified(body, digest), knownOf(body, digest))
    await blobs.link(repository, digest)
  }

  return {
    push,
    versionOf: (id) => versions.get(id),

    async start(repository, algorithm) {
      const id = randomUUID() as string as UploadId
      const startedAt = `${new Date(now()).toISOString().slice(0, 19)}Z`
      const note = algorithm === 'sha256' ? '' : noteOf(createDigester(algorithm), 0)
      remember(id, await stagedOf(repository, id).begin(startedAt, note))
      return id
    },

    async size(repository, id) {
      return (await found(stagedOf(repository, id))).size
    },

    async append(repository, id, body) {
      return alone({ repository, id, request: body }, async (session) => {
        const { digester, size } = await receive(session, body, session.lastNote?.algorithm ?? 'sha256')
        await save(session, digester, size)
        return size
      })
    },

    async finish(repository, id, digest, request) {
      try {
        await alone({ repository, id, request, isPut: true }, async (session) => {
          const algorithm = algorithmOf(digest)
          const body = request?.chunks === undefined ? undefined : (request as UploadBody)
          if (body !== undefined && session.size === 0 && driver.isRemote && (body.start ?? 0) === 0) {
            try {
              await push(repository, digest, body)
            } catch (error) {
              if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') await discard(session)
              throw error
            }
            await discard(session)
          } else if (body !== undefined && !wasReceived(session, body, digest)) {
            const { digester, size } = await receive(session, body, algorithm)
            if (driver.isRemote) await save(session, digester, size)
            await commitVerified(repository, session, { expected: digest, actual: digester.digest() })
          } else if (await wasCommitted(session, digest)) {
            await blobs.link(repository, digest)
            await discard(session)
          } else {
            const actual = await stagedDigest(session, algorithm)
            await commitVerified(repository, session, { expected: digest, actual })
          }
        })
      } catch (error) {
        // The answer to a first attempt may have been lost: what it asked for is there.
        const isOver = error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN'
        if (!isOver || (await blobs.find(repository, digest)) === undefined) throw error
      }
    },

    async cancel(repository, id) {
      const staged = stagedOf(repository, id)
      await found(staged)
      const lock = await acquireSoon(locker, uploadLock(repository, id))
      try {
        await discard({ id, staged })
      } finally {
        lock.release()
      }
    },

    async mount(repository, digest, from) {
      if (from !== undefined) return blobs.linkAsIn(from, repository, digest)
      if ((await blobs.storedSize(digest)) === undefined) return false
      await blobs.link(repository, digest)
      return true
    },
  }
}

/**
 * Whether the body came before, and all of the upload is there with it: load balancers and HTTP clients send a PUT again whose first receiver died,
 * and the client was told of the upload as it was before that.
 */
function wasReceived({ size, note, version }: Session, body: UploadBody, digest: Digest): boolean {
  return version !== body.version && note?.size === size && note.digest === digest
}

function knownOf({ length }: UploadBody, digest: Digest): KnownBytes {
  return {
    ...(length === undefined ? {} : { length }),
    ...(algorithmOf(digest) === 'sha256' ? { sha256: hexOf(digest) } : {}),
  }
}

/** The lock that every change of an upload holds. */
export function uploadLock(repository: RepositoryName, id: UploadId): string {
  return `upload:${repository}:${id}`
}

async function acquireSoon(locker: Locker, key: string): Promise<Lock> {
  for (let waited = 0; ; waited += busyPollMs) {
    const lock = await locker.tryAcquire(key)
    if (lock !== undefined) return lock
    if (waited >= busyWaitMs) {
      throw new RegistryError('UPLOAD_BUSY', {
        message:
          'another request is writing to this upload: wait for it, or ask with GET how far it is and go on from there',
      })
    }
    await sleep(busyPollMs)
  }
}
