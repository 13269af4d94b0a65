// Stores in an S3 bucket, at the keys where CNCF distribution's s3 driver stores.
import type { KeyedValue, StagedUpload, StorageDriver, WriteOptions } from './driver.ts'
import { checkedKey } from './keys.ts'
import { createBucket, type Bucket } from './s3/bucket.ts'
import { openDownload } from './s3/download.ts'
import { resolveEndpoint } from './s3/endpoint.ts'
import { asStorageTrouble } from './s3/errors.ts'
import { inTurns } from './s3/in-turns.ts'
import { listFolded, listKeys } from './s3/list.ts'
import type { S3Options } from './s3/options.ts'
import { guaranteesOf, probeStore, unprobed } from './s3/probe.ts'
import { stageOnS3, type StagingTimes } from './s3/staging.ts'
import { createTransport } from './s3/transport.ts'
import { createUploadMemory } from './s3/upload-memory.ts'
import { createUploadStates } from './s3/upload-state.ts'
import { writeStreamToS3 } from './s3/write-stream.ts'

const writesAtOnce = 8
const deletesPerRequest = 1000

export interface S3Opening {
  /** Nothing is written to find out what the store can do. */
  isReadonly?: boolean
  /** Told of every request, retries included. */
  onAttempt?: (method: string, key: string) => void
  /** For tests, which cannot wait so long. */
  times?: StagingTimes & { mostSilenceMs?: number }
}

/** Rejects when the bucket cannot be used with these options. */
export async function openS3Driver(options: S3Options, opening: S3Opening = {}): Promise<StorageDriver> {
  const transport = createTransport({
    endpoint: await resolveEndpoint(options),
    userAgent: options.userAgent,
    skipVerify: options.skipVerify,
    redirectEndpoint: options.redirectEndpoint,
    ...(opening.onAttempt === undefined ? {} : { onAttempt: opening.onAttempt }),
    mostSilenceMs: opening.times?.mostSilenceMs,
  })
  const bucket = createBucket(transport, options)
  const capabilities = opening.isReadonly ? unprobed : await probeStore(bucket)
  const memory = createUploadMemory(options.uploadMemoryBytes)
  const staging = {
    ...options,
    bucket,
    memory,
    times: opening.times,
    states: createUploadStates(bucket, capabilities.compareAndSwap !== false),
  }

  async function write(key: string, bytes: Uint8Array, { ifAbsent, ifMatch }: WriteOptions = {}): Promise<boolean> {
    const condition = { ...(ifAbsent ? { ifAbsent } : {}), ...(ifMatch === undefined ? {} : { ifMatch }) }
    return (await bucket.put(checkedKey(key), bytes, condition)) !== undefined
  }

  async function writeInOrder(entries: readonly KeyedValue[]): Promise<void> {
    // The last two may each be what makes those before them visible: a link, and the tag that points there.
    await inTurns(entries.slice(0, -2), writesAtOnce, ({ key, bytes }) => write(key, bytes))
    for (const { key, bytes } of entries.slice(-2)) await write(key, bytes)
  }

  return namingFailures({
    name: 's3',
    isRemote: true,
    comparesAndSwaps: capabilities.compareAndSwap !== false,
    guarantees: guaranteesOf(capabilities),

    async stat(key) {
      const head = await bucket.head(checkedKey(key))
      return head && { size: head.size, modifiedAt: head.modifiedAt }
    },

    async get(key) {
      const value = await bucket.get(checkedKey(key))
      return value && { bytes: value.bytes, version: value.etag }
    },

    async read(key, range) {
      return (await openDownload(bucket, checkedKey(key), range))?.stream()
    },

    write,
    writeInOrder,
    writeStream: (key, chunks, known = {}) =>
      writeStreamToS3({ bucket, memory, partBytes: options.partBytes }, checkedKey(key), chunks, known),
    delete: (key) => bucket.delete(checkedKey(key)),
    deleteAll: (prefix) => deleteAll(bucket, prefix),
    list: (prefix, { after, delimiter, holding } = {}) =>
      delimiter === undefined
        ? listKeys(bucket, prefix, after)
        : listFolded(bucket, prefix, {
            ...(after === undefined ? {} : { after }),
            ...(holding === undefined ? {} : { holding }),
          }),
    stage: (keys) => stageOnS3(staging, keys),

    async sendTo(key, range, target) {
      const download = await openDownload(bucket, checkedKey(key), range)
      await download?.sendTo(target)
      return download !== undefined
    },

    open: (key) => openDownload(bucket, checkedKey(key)),
    downloadUrl: (key, lifetimeSeconds) => bucket.address(checkedKey(key), {}, lifetimeSeconds),
    bucketKey: (key) => bucket.named(key),
    dropUnfinished: (prefix, before) => dropUnfinished(bucket, prefix, before),
    ping: () => bucket.ping(),

    async close() {
      transport.close()
    },
  })
}

async function deleteAll(bucket: Bucket, prefix: string): Promise<void> {
  for (;;) {
    const { keys, isLast } = await bucket.list(prefix, { limit: deletesPerRequest })
    if (keys.length > 0) await bucket.deleteAll(keys)
    if (isLast) return
  }
}

/** Multipart uploads cost what their parts do, and no list of objects shows them. */
async function dropUnfinished(bucket: Bucket, prefix: string, before: number): Promise<number> {
  let dropped = 0
  for await (const { key, id, startedAt } of bucket.multiparts(prefix)) {
    if (!(startedAt < before) || (await hasYoungNeighbour(bucket, key, before))) continue
    await bucket.abortMultipart(key, id)
    dropped++
  }
  return dropped
}

/** An upload that takes longer than it may live, and is still being written: its state lies beside its data. */
async function hasYoungNeighbour(bucket: Bucket, key: string, before: number): Promise<boolean> {
  const { keys } = await bucket.list(key.slice(0, key.lastIndexOf('/') + 1), {})
  const heads = await Promise.all(keys.map((neighbour) => bucket.head(neighbour)))
  return heads.some((head) => head !== undefined && head.modifiedAt >= before)
}

/** What S3 answered, as the failures that the driver's contract names, in one place for all methods. */
function namingFailures(driver: StorageDriver): StorageDriver {
  const guard = <A extends unknown[], R>(method: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      try {
        return await method(...args)
      } catch (error) {
        throw asStorageTrouble(error)
      }
    }
  }
  const guardStaged = (staged: StagedUpload): StagedUpload => ({
    begin: guard(staged.begin),
    find: guard(staged.find),
    append: guard(staged.append),
    save: guard(staged.save),
    read: guard(staged.read),
    commit: guard(staged.commit),
    discard: guard(staged.discard),
  })
  return {
    ...driver,
    stat: guard(driver.stat),
    get: guard(driver.get),
    read: guard(driver.read),
    write: guard(driver.write),
    writeInOrder: guard(driver.writeInOrder),
    writeStream: guard(driver.writeStream),
    delete: guard(driver.delete),
    deleteAll: guard(driver.deleteAll),
    list: (prefix, options) => namingFailuresOfList(driver.list(prefix, options)),
    stage: (keys) => guardStaged(driver.stage(keys)),
    ...(driver.sendTo === undefined ? {} : { sendTo: guard(driver.sendTo) }),
    ...(driver.open === undefined ? {} : { open: guard(driver.open) }),
  }
}

async function* namingFailuresOfList(entries: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* entries
  } catch (error) {
    throw asStorageTrouble(error)
  }
}
