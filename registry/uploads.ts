// Pushing blobs: sessions that take bytes in any number of requests, by any process, and end in a verified blob.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lock, Locker } from '../coordination/locker.ts'
import type { StagedUpload, StorageDriver } from '../storage-drivers/driver.ts'
import type { Blobs } from './blobs.ts'
import { checkLength, countAndDigest, type UploadBody } from './counted-body.ts'
import { algorithmOf, createDigester, type Algorithm, type Digest, type Digester } from './digest.ts'
import { RegistryError } from './errors.ts'
import { blobKey, uploadDataKey, uploadPrefix, uploadStartedKey } from './layout.ts'
import type { RepositoryName, UploadId } from './names.ts'
import { createUploadStates } from './upload-state.ts'

/** A client that lost its connection comes back before the old request has noticed: so long the new one waits for it. */
const busyWaitMs = 3000
const busyPollMs = 20

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
  finish(repository: RepositoryName, id: UploadId, digest: Digest, body?: UploadBody): Promise<void>
  cancel(repository: RepositoryName, id: UploadId): Promise<void>
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

export function createUploads({ driver, blobs, locker, now }: UploadParts): Uploads {
  const states = createUploadStates(driver)

  const stagedOf = (repository: RepositoryName, id: UploadId): StagedUpload =>
    driver.stage(uploadDataKey(repository, id))

  async function isKnown(repository: RepositoryName, id: UploadId): Promise<boolean> {
    return (await driver.stat(uploadStartedKey(repository, id))) !== undefined
  }

  async function checkKnown(repository: RepositoryName, id: UploadId): Promise<void> {
    if (!(await isKnown(repository, id))) throw new RegistryError('BLOB_UPLOAD_UNKNOWN')
  }

  /** Runs `work` as the upload's only request, with the size of what is there. `body` is what the request is going to append. */
  async function alone<T>(
    { repository, id, body }: { repository: RepositoryName; id: UploadId; body: UploadBody | undefined },
    work: (size: number) => Promise<T>,
  ): Promise<T> {
    await checkKnown(repository, id)
    const staged = stagedOf(repository, id)
    const sizeBefore = (await staged.size()) ?? 0
    const lock = await acquireSoon(locker, uploadLock(repository, id))
    try {
      await checkKnown(repository, id)
      const size = (await staged.size()) ?? 0
      // Bytes that do not say where they belong were meant to follow those that were there when they came.
      if (size !== sizeBefore && body !== undefined && body.start === undefined) throw new RegistryError('UPLOAD_BUSY')
      return await work(size)
    } finally {
      lock.release()
    }
  }

  /** Appends and keeps the digest in step, also when the client goes away in the middle. Resolves to digester and new size. */
  async function receive(
    repository: RepositoryName,
    id: UploadId,
    { body, size, algorithm }: { body: UploadBody; size: number; algorithm: Algorithm },
  ): Promise<{ digester: Digester; size: number }> {
    // spec, Pushing a blob in chunks: "If a chunk is uploaded out of order, the registry MUST respond with a `416`".
    if (body.start !== undefined && body.start !== size) {
      throw new RegistryError('RANGE_INVALID', { detail: { expected: size, actual: body.start } })
    }
    // A crash between commit and link leaves a state without its bytes.
    await states.dropIfAhead(repository, id, size)
    const staged = stagedOf(repository, id)
    const digester = await states.digesterAt(id, staged, algorithm, size)
    const counted = countAndDigest(body, digester)
    try {
      await staged.append(counted.chunks)
    } catch (error) {
      if (counted.isOfSource(error)) await states.save(repository, id, { digester, size: size + counted.bytes() })
      throw error
    }
    const newSize = size + counted.bytes()
    try {
      checkLength(body, counted.bytes())
    } catch (error) {
      await states.save(repository, id, { digester, size: newSize })
      throw error
    }
    return { digester, size: newSize }
  }

  /** The digest of what is staged, from what is already known where possible. */
  async function stagedDigest(
    repository: RepositoryName,
    id: UploadId,
    size: number,
    algorithm: Algorithm,
  ): Promise<Digest> {
    const state = await states.load(repository, id)
    if (state !== undefined && state.size === size && state.algorithm === algorithm) return state.digest
    return (await states.digesterAt(id, stagedOf(repository, id), algorithm, size)).digest()
  }

  /** A crash between the commit and the link leaves a state that proves whose bytes they were. */
  async function wasCommitted(repository: RepositoryName, id: UploadId, digest: Digest): Promise<boolean> {
    const state = await states.load(repository, id)
    if (state === undefined || state.digest !== digest || state.size === 0) return false
    return (await blobs.storedSize(digest)) === state.size
  }

  async function discard(repository: RepositoryName, id: UploadId): Promise<void> {
    states.forget(id)
    await driver.deleteAll(uploadPrefix(repository, id))
  }

  async function commitVerified(
    repository: RepositoryName,
    id: UploadId,
    expected: Digest,
    actual: Digest,
  ): Promise<void> {
    if (actual !== expected) await discard(repository, id)
    checkDigest(expected, actual)
    // Moving over an existing blob costs nothing and repairs one that an older registry left torn.
    await stagedOf(repository, id).commit(blobKey(expected))
    await blobs.link(repository, expected)
    await discard(repository, id)
  }

  return {
    async start(repository, algorithm) {
      const id = randomUUID() as string as UploadId
      const startedAt = `${new Date(now()).toISOString().slice(0, 19)}Z`
      await driver.write(uploadStartedKey(repository, id), Buffer.from(startedAt), { ephemeral: true })
      if (algorithm !== 'sha256') await states.save(repository, id, { digester: createDigester(algorithm), size: 0 })
      return id
    },

    async size(repository, id) {
      await checkKnown(repository, id)
      return (await stagedOf(repository, id).size()) ?? 0
    },

    async append(repository, id, body) {
      return alone({ repository, id, body }, async (size) => {
        const algorithm = (await states.load(repository, id))?.algorithm ?? 'sha256'
        const progress = await receive(repository, id, { body, size, algorithm })
        await states.save(repository, id, progress)
        return progress.size
      })
    },

    async finish(repository, id, digest, body) {
      // The answer to a first attempt may have been lost: what it asked for is there.
      if (!(await isKnown(repository, id)) && (await blobs.find(repository, digest)) !== undefined) return
      await alone({ repository, id, body }, async (size) => {
        const algorithm = algorithmOf(digest)
        if (body !== undefined) {
          const { digester } = await receive(repository, id, { body, size, algorithm })
          await commitVerified(repository, id, digest, digester.digest())
        } else if (size === 0 && (await wasCommitted(repository, id, digest))) {
          await blobs.link(repository, digest)
          await discard(repository, id)
        } else {
          await commitVerified(repository, id, digest, await stagedDigest(repository, id, size, algorithm))
        }
      })
    },

    async cancel(repository, id) {
      await checkKnown(repository, id)
      const lock = await acquireSoon(locker, uploadLock(repository, id))
      try {
        await discard(repository, id)
      } finally {
        lock.release()
      }
    },

    async push(repository, digest, body) {
      const staged = driver.stage()
      try {
        const digester = createDigester(algorithmOf(digest))
        const counted = countAndDigest(body, digester)
        await staged.append(counted.chunks)
        checkLength(body, counted.bytes())
        checkDigest(digest, digester.digest())
        await staged.commit(blobKey(digest))
      } catch (error) {
        await staged.discard().catch(() => {})
        throw error
      }
      await blobs.link(repository, digest)
    },

    async mount(repository, digest, from) {
      if (from !== undefined) return blobs.linkAsIn(from, repository, digest)
      if ((await blobs.storedSize(digest)) === undefined) return false
      await blobs.link(repository, digest)
      return true
    },
  }
}

function checkDigest(expected: Digest, actual: Digest): void {
  if (actual !== expected) throw new RegistryError('DIGEST_INVALID', { detail: { expected, actual } })
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
