// What is remembered of an upload between its requests: in storage the size and digest so far, in this process the digest's inner state.
import { LRUCache } from 'lru-cache'
import type { StagedUpload, StorageDriver } from '../storage-drivers/driver.ts'
import { createDigester, digestIn, isAlgorithm, type Algorithm, type Digest, type Digester } from './digest.ts'
import { uploadStateKey } from './layout.ts'
import type { RepositoryName, UploadId } from './names.ts'

const maxDigesters = 2000

/** `digest` is that of the first `size` bytes. */
export interface UploadState {
  algorithm: Algorithm
  size: number
  digest: Digest
}

interface Progress {
  digester: Digester
  size: number
}

export interface UploadStates {
  load(repository: RepositoryName, id: UploadId): Promise<UploadState | undefined>
  /** Remembers the digester, and writes its digest down for any other process. */
  save(repository: RepositoryName, id: UploadId, progress: Progress): Promise<void>
  /** A digester that has seen exactly the first `size` bytes of the staged upload: kept, or caught up by reading what it missed. */
  digesterAt(id: UploadId, staged: StagedUpload, algorithm: Algorithm, size: number): Promise<Digester>
  forget(id: UploadId): void
  /** Removes a state that tells of more bytes than there are: of those that come now it would tell a lie. */
  dropIfAhead(repository: RepositoryName, id: UploadId, size: number): Promise<void>
}

export function createUploadStates(driver: StorageDriver): UploadStates {
  const inProgress = new LRUCache<UploadId, Progress>({ max: maxDigesters })

  async function loadState(repository: RepositoryName, id: UploadId): Promise<UploadState | undefined> {
    const value = await driver.get(uploadStateKey(repository, id))
    return value && stateIn(value.bytes)
  }

  return {
    load: loadState,

    async save(repository, id, progress) {
      inProgress.set(id, progress)
      const { digester, size } = progress
      const state: UploadState = { algorithm: digester.algorithm, size, digest: digester.digest() }
      // The bytes are durable before this is written, so a state that survives a power loss is true.
      await driver.write(uploadStateKey(repository, id), Buffer.from(JSON.stringify(state)), { ephemeral: true })
    },

    async digesterAt(id, staged, algorithm, size) {
      const kept = inProgress.get(id)
      // It is about to be fed: if that fails half-way, nobody may find it again.
      inProgress.delete(id)
      const fits = kept !== undefined && kept.digester.algorithm === algorithm && kept.size <= size
      const digester = fits ? kept.digester : createDigester(algorithm)
      const seen = fits ? kept.size : 0
      if (seen < size) for await (const chunk of await staged.read(seen)) digester.update(chunk as Buffer)
      return digester
    },

    forget: (id) => void inProgress.delete(id),

    async dropIfAhead(repository, id, size) {
      const state = await loadState(repository, id)
      if (state !== undefined && state.size > size) await driver.delete(uploadStateKey(repository, id))
    },
  }
}

function stateIn(bytes: Buffer): UploadState | undefined {
  try {
    const { algorithm, size, digest } = JSON.parse(bytes.toString()) as Record<string, unknown>
    const parsed = digestIn(String(digest))
    if (typeof algorithm !== 'string' || !isAlgorithm(algorithm) || typeof size !== 'number' || !parsed)
      return undefined
    return { algorithm, size, digest: parsed }
  } catch {
    return undefined
  }
}
