// Replicas over one bucket without a common lock: compare-and-swap is all that keeps them from each other.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Batches } from '../storage-drivers/driver.ts'
import { shortTimes, type FakeStore } from '../storage-drivers/s3/fixtures/fake-store.ts'
import { startProxy, type Proxy } from '../storage-drivers/s3/fixtures/proxy.ts'
import { waitFor } from '../testing/wait-for.ts'
import { digestOf } from './digest.ts'
import { asRegistryError } from './errors.ts'
import { app, chunksOf, readBlob } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { largeBytes, openSmall, partBytes, smallParts, startSmallStore } from './fixtures/s3-pushes.ts'
import type { UploadId } from './names.ts'
import type { Registry } from './registry.ts'

/** Parts between two checkpoints. */
const checkpointBytes = 16 * partBytes

describe('replicas without a common lock', () => {
  let store: FakeStore
  let proxy: Proxy | undefined
  beforeEach(async () => {
    store = await startSmallStore()
  })
  afterEach(async () => {
    await proxy?.close()
    proxy = undefined
    await store.close()
  })

  const { mostSilenceMs: _, ...times } = shortTimes
  const replica = async (): Promise<Registry> => openRegistry(await openSmall(store, { times }))

  async function assertFinishes(registry: Registry, id: UploadId, bytes: Buffer): Promise<void> {
    await registry.uploads.finish(app, id, digestOf(bytes))
    assert.ok((await readBlob(await replica(), app, digestOf(bytes)))?.equals(bytes))
    assert.deepEqual(store.server.openUploads(store.bucket), [])
  }

  for (const size of [100, 25_000, largeBytes]) {
    for (const withRange of [true, false]) {
      it(`two PATCHes of ${size} bytes at once${withRange ? ', with Content-Range' : ''}: one of them counts, and only its client is told so`, async () => {
        const [first, second] = [await replica(), await replica()]
        const id = await first.uploads.start(app, 'sha256')
        const contents = [randomBytes(size), randomBytes(size)]
        const gates = contents.map((content) => gated(content))
        const answers = [first, second].map(({ uploads }, index) =>
          uploads.append(app, id, { chunks: gates[index]?.chunks() as Batches, ...(withRange ? { start: 0 } : {}) }),
        )
        const settled = Promise.allSettled(answers)
        await Promise.all(gates.map(({ begun }) => begun))
        for (const { goOn } of gates) goOn()
        const outcomes = await settled

        const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
        const loser =
          outcomes.find((outcome) => outcome.status === 'rejected') ?? assert.fail('both were told they won')
        assert.equal(asRegistryError(loser.reason).code, 'UPLOAD_BUSY')
        assert.equal(await (await replica()).uploads.size(app, id), size)
        await assertFinishes(await replica(), id, contents[winner] as Buffer)
      })
    }
  }

  it('whose PATCH lost goes on from the bytes of the one that won', async () => {
    const [first, second] = [await replica(), await replica()]
    const id = await first.uploads.start(app, 'sha256')
    const [winning, losing, more] = [randomBytes(1000), randomBytes(1000), randomBytes(1000)]
    const gate = gated(losing)
    const lost = assert.rejects(first.uploads.append(app, id, { chunks: gate.chunks(), start: 0 }))
    await gate.begun
    await second.uploads.append(app, id, { chunks: chunksOf(winning), start: 0 })
    gate.goOn()
    await lost
    await first.uploads.append(app, id, { chunks: chunksOf(more), start: 1000 })
    await assertFinishes(first, id, Buffer.concat([winning, more]))
  })

  it('a slow client keeps its upload as long as its replica lives: others are told that it is busy', async () => {
    const [first, second] = [await replica(), await replica()]
    const id = await first.uploads.start(app, 'sha256')
    const bytes = randomBytes(largeBytes)
    const gate = gated(bytes, checkpointBytes + 100)
    const slow = first.uploads.append(app, id, { chunks: gate.chunks() })
    await gate.begun
    const from = await waitFor(async () => second.uploads.size(app, id))
    assert.equal(from, checkpointBytes)
    for (const body of [bytes.subarray(from), bytes.subarray(from, from + 10)]) {
      const started = performance.now()
      const busy = second.uploads.append(app, id, { chunks: chunksOf(body, 10_000), start: from })
      await assert.rejects(
        busy.catch((error: unknown) => Promise.reject(asRegistryError(error))),
        { code: 'UPLOAD_BUSY' },
      )
      assert.ok(performance.now() - started < shortTimes.silentOwnerMs, 'it was told late')
    }
    gate.goOn()
    assert.equal(await slow, bytes.length)
    await assertFinishes(second, id, bytes)
  })

  for (const [isEarly, withRange] of [
    [true, true],
    [true, false],
    [false, true],
  ] as const) {
    it(`an upload${withRange ? ' with Content-Range' : ''} whose replica is gone goes on from the last checkpoint; what that one still does ${isEarly ? 'meanwhile' : 'afterwards'} changes nothing`, async () => {
      proxy = await startProxy(store.server.endpoint)
      // With KMS no two parts have the same ETag, be they of the same bytes.
      const encrypted = { ...smallParts, encrypt: true, kmsKeyId: 'key' }
      const opening = { times, isReadonly: true }
      const frozen = openRegistry(await store.open({ ...encrypted, endpoint: proxy.endpoint }, opening))
      const id = await frozen.uploads.start(app, 'sha256')
      const bytes = randomBytes(largeBytes + 10 * partBytes)
      const gate = gated(bytes, checkpointBytes + 100)
      const body = { chunks: gate.chunks(), ...(withRange ? { start: 0 } : {}) }
      const dead = frozen.uploads.append(app, id, body).catch((error: unknown) => error)
      await gate.begun
      const living = openRegistry(await store.open(encrypted, opening))
      const from = await waitFor(async () => living.uploads.size(app, id))
      assert.equal(from, checkpointBytes, 'more was lost than had come since the checkpoint')
      proxy.freeze()
      // What it sends when it comes back are parts of the same upload.
      gate.goOn()

      const started = performance.now()
      await living.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(from), 10_000), start: from })
      assert.ok(performance.now() - started > times.silentOwnerMs, 'the other one might still have lived')
      if (!isEarly) await assertFinishes(living, id, bytes)
      proxy.thaw()
      assert.equal(asRegistryError(await dead).code, isEarly ? 'UPLOAD_BUSY' : 'BLOB_UPLOAD_UNKNOWN')
      if (isEarly) await assertFinishes(living, id, bytes)
      assert.ok((await readBlob(living, app, digestOf(bytes)))?.equals(bytes))
    })
  }

  it('a replica whose store fails in the middle gives the upload back at once: the next request need not wait for it', async () => {
    const first = await replica()
    const id = await first.uploads.start(app, 'sha256')
    const bytes = randomBytes(largeBytes)
    const gate = gated(bytes, checkpointBytes)
    const failing = assert.rejects(first.uploads.append(app, id, { chunks: gate.chunks(), start: 0 }), /AccessDenied/)
    await waitFor(async () => (await first.uploads.size(app, id)) === checkpointBytes)
    store.server.fault({ operation: 'UploadPart' }, { kind: 'answer', status: 403, code: 'AccessDenied' })
    gate.goOn()
    await failing
    const started = performance.now()
    const rest = { chunks: chunksOf(bytes.subarray(checkpointBytes), 10_000), start: checkpointBytes }
    await (await replica()).uploads.append(app, id, rest)
    assert.ok(performance.now() - started < times.silentOwnerMs)
    await assertFinishes(await replica(), id, bytes)
  })

  for (const chunkBytes of [
    1,
    1000,
    partBytes / 16,
    (5 * partBytes) / 16,
    partBytes - 1,
    partBytes,
    partBytes + 1,
    (17 * partBytes) / 16,
  ]) {
    it(`chunks of ${chunkBytes} bytes, each to the next of three replicas, become the blob`, async () => {
      await inChunks(await Promise.all([replica(), replica(), replica()]), chunkBytes, 10)
    })
  }

  it('chunks of the usual sizes do so too', async function () {
    this.timeout(60_000)
    const drivers = await Promise.all([store.open(), store.open(), store.open()])
    for (const chunkBytes of [5, 16].map((mebibytes) => mebibytes * 1024 * 1024 + 1))
      await inChunks(
        drivers.map((driver) => openRegistry(driver)),
        chunkBytes,
        3,
      )
  })

  /** The client reports the version that it was told, as it does with the address of its next request. */
  async function inChunks(replicas: Registry[], chunkBytes: number, count: number): Promise<void> {
    const bytes = randomBytes(chunkBytes * count)
    const at = (turn: number): Registry => replicas[turn % replicas.length] as Registry
    const id = await at(0).uploads.start(app, 'sha256')
    let version = at(0).uploads.versionOf(id)
    for (let turn = 0; turn < count; turn++) {
      const start = turn * chunkBytes
      const { uploads } = at(turn + 1)
      const chunks = chunksOf(bytes.subarray(start, start + chunkBytes), 50_000)
      const told = version === undefined ? {} : { version }
      assert.equal(await uploads.append(app, id, { chunks, start, length: chunkBytes, ...told }), start + chunkBytes)
      version = uploads.versionOf(id)
    }
    await assertFinishes(at(count + 1), id, bytes)
  }
})

/** A body of which the first bytes come at once (half of it by default), and the others when it is let go on. */
function gated(content: Buffer, firstBytes = content.length / 2) {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  async function* chunks(): Batches {
    yield* chunksOf(content.subarray(0, firstBytes), 10_000)
    begun.resolve()
    await gate.promise
    yield* chunksOf(content.subarray(firstBytes), 10_000)
  }
  return { chunks, begun: begun.promise, goOn: gate.resolve }
}
