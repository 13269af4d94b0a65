import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inProcessLocker } from '../coordination/in-process.ts'
import type { Batches } from '../storage-drivers/driver.ts'
import { faulty } from '../storage-drivers/faulty.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { digestOf } from './digest.ts'
import { app, chunksOf, cutAfter, keysOf, readBlob } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { uploadKeys } from './layout.ts'
import type { UploadId } from './names.ts'

const bytes = randomBytes(100)
const digest = digestOf(bytes)
const reads = /read$/

describeOnDrivers('an upload across processes', (driver, isRemote) => {
  it('can be finished by a process that never saw its bytes, without reading them', async () => {
    const id = await openRegistry(driver()).uploads.start(app, 'sha256')
    await openRegistry(driver()).uploads.append(app, id, { chunks: chunksOf(bytes) })

    const watched = faulty(driver())
    await openRegistry(watched).uploads.finish(app, id, digest)

    assert.deepEqual(
      watched.calls.filter(({ action }) => reads.test(action)),
      [],
    )
    assert.deepEqual(await readBlob(openRegistry(driver()), app, digest), bytes)
  })

  it('is finished without reading its bytes as sha512 too, when it began so', async () => {
    const id = await openRegistry(driver()).uploads.start(app, 'sha512')
    await openRegistry(driver()).uploads.append(app, id, { chunks: chunksOf(bytes) })
    const watched = faulty(driver())
    await openRegistry(watched).uploads.finish(app, id, digestOf(bytes, 'sha512'))
    assert.deepEqual(
      watched.calls.filter(({ action }) => reads.test(action)),
      [],
    )
  })

  it('within one process its bytes are never read, however many the chunks and the cuts', async () => {
    const watched = faulty(driver())
    const { uploads } = openRegistry(watched)
    const id = await uploads.start(app, 'sha256')
    await uploads.append(app, id, { chunks: chunksOf(bytes.subarray(0, 20)), start: 0 })
    await assert.rejects(uploads.append(app, id, { chunks: cutAfter(bytes.subarray(20, 50)), start: 20 }))
    await uploads.append(app, id, { chunks: chunksOf(bytes.subarray(50, 70)), start: 50 })
    await uploads.finish(app, id, digest, { chunks: chunksOf(bytes.subarray(70)) })
    assert.deepEqual(
      watched.calls.filter(({ action }) => reads.test(action)),
      [],
    )
    assert.deepEqual(await readBlob(openRegistry(driver()), app, digest), bytes)
  })

  it('its chunks may alternate between two processes, and every one of them ends it right', async () => {
    const locker = inProcessLocker()
    const registries = [openRegistry(driver(), { locker }), openRegistry(driver(), { locker })]
    for (const last of [0, 1]) {
      const content = randomBytes(100)
      const id = await registries[0]?.uploads.start(app, 'sha256')
      assert.ok(id)
      for (let start = 0; start < 100; start += 10) {
        const body = { chunks: chunksOf(content.subarray(start, start + 10)), start }
        await registries[(start / 10) % 2]?.uploads.append(app, id, body)
      }
      await registries[last]?.uploads.finish(app, id, digestOf(content))
      assert.deepEqual(await readBlob(openRegistry(driver()), app, digestOf(content)), content)
    }
  })

  it('goes on in another process where the client was cut off', async () => {
    const { uploads } = openRegistry(driver())
    const id = await uploads.start(app, 'sha256')
    await assert.rejects(uploads.append(app, id, { chunks: cutAfter(bytes.subarray(0, 45)) }), /gone/)
    const other = openRegistry(driver())
    assert.equal(await other.uploads.size(app, id), 45)
    await other.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(45)), start: 45 })
    await openRegistry(driver()).uploads.finish(app, id, digest)
    assert.deepEqual(await readBlob(other, app, digest), bytes)
  })

  if (isRemote) {
    it('a PUT with the last chunk that is sent again, because the process that had it died, ends it all the same', async () => {
      const { uploads } = openRegistry(driver())
      const id = await uploads.start(app, 'sha256')
      await uploads.append(app, id, { chunks: chunksOf(bytes.subarray(0, 60)) })
      const version = uploads.versionOf(id) ?? assert.fail()
      const dying = faulty(driver())
      dying.fail({ action: 'staged.commit' }, new Error('killed'))
      const put = { version, length: 40 }
      const first = openRegistry(dying).uploads.finish(app, id, digest, {
        ...put,
        chunks: chunksOf(bytes.subarray(60)),
      })
      await assert.rejects(first, /killed/)
      await openRegistry(driver()).uploads.finish(app, id, digest, { ...put, chunks: chunksOf(bytes.subarray(60)) })
      assert.deepEqual(await readBlob(openRegistry(driver()), app, digest), bytes)
    })
  }

  if (!isRemote) {
    it('one that CNCF distribution began can be finished', async () => {
      const id = '01932c3f-7f3b-7cc0-9f6e-0123456789ab' as UploadId
      const prefix = `docker/registry/v2/repositories/team/app/_uploads/${id}/`
      await driver().write(uploadKeys(app, id).begun, Buffer.from('2026-11-21T09:28:48Z'))
      await driver().write(`${prefix}data`, bytes.subarray(0, 50))
      await driver().write(`${prefix}hashstates/sha256/50`, randomBytes(108))
      const registry = openRegistry(driver())
      assert.equal(await registry.uploads.size(app, id), 50)
      await registry.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(50)), start: 50 })
      await registry.uploads.finish(app, id, digest)
      assert.deepEqual(await readBlob(registry, app, digest), bytes)
      assert.equal((await keysOf(driver())).length, 2)
    })
  }
})

describeOnDrivers('two requests on one upload', (driver) => {
  it('one wins, the other is told UPLOAD_BUSY, and no bytes are mixed', async () => {
    const locker = inProcessLocker()
    const first = openRegistry(driver(), { locker })
    const second = openRegistry(driver(), { locker })
    const id = await first.uploads.start(app, 'sha256')
    const slow = gated(bytes)
    const winning = first.uploads.append(app, id, slow.body)
    await slow.begun
    const losing = second.uploads.append(app, id, { chunks: chunksOf(randomBytes(100)) })
    // Looked at before it can reject.
    const lost = assert.rejects(losing, { code: 'UPLOAD_BUSY', status: 409 })
    setTimeout(slow.goOn, 50)
    assert.equal(await winning, 100)
    await lost
    await second.uploads.finish(app, id, digest)
    assert.deepEqual(await readBlob(first, app, digest), bytes)
  })

  it('of ten writers at once, the bytes of one are there, whole', async () => {
    const locker = inProcessLocker()
    const contents = Array.from({ length: 10 }, () => randomBytes(100))
    const id = await openRegistry(driver(), { locker }).uploads.start(app, 'sha256')
    const outcomes = await Promise.allSettled(
      contents.map((content) =>
        openRegistry(driver(), { locker }).uploads.append(app, id, { chunks: chunksOf(content), start: 0 }),
      ),
    )
    assert.deepEqual(outcomes.map(({ status }) => status).filter((status) => status === 'fulfilled').length, 1)
    const winner = contents[outcomes.findIndex(({ status }) => status === 'fulfilled')] ?? assert.fail()
    await openRegistry(driver(), { locker }).uploads.finish(app, id, digestOf(winner))
    assert.deepEqual(await readBlob(openRegistry(driver()), app, digestOf(winner)), winner)
  })

  it('a PUT that is sent twice at once succeeds twice, and the blob is there', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    await registry.uploads.append(app, id, { chunks: chunksOf(bytes) })
    await Promise.all([1, 2].map(() => registry.uploads.finish(app, id, digest)))
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a cancel waits for the chunk that is being written, and leaves nothing', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    const slow = gated(bytes)
    const writing = registry.uploads.append(app, id, slow.body)
    await slow.begun
    const cancelling = registry.uploads.cancel(app, id)
    setTimeout(slow.goOn, 30)
    await Promise.all([writing, cancelling])
    assert.deepEqual(await keysOf(driver()), [])
  })
})

describe('an upload whose first request hangs', () => {
  it('is busy for the next one, which is told so within seconds', async () => {
    const registry = openRegistry(openMemoryDriver())
    const id = await registry.uploads.start(app, 'sha256')
    const stuck = gated(bytes)
    const hanging = registry.uploads.append(app, id, stuck.body)
    await stuck.begun
    await assert.rejects(registry.uploads.append(app, id, { chunks: chunksOf(bytes) }), {
      code: 'UPLOAD_BUSY',
      message: /ask with GET how far it is/,
    })
    stuck.fail(new Error('the client has gone'))
    await assert.rejects(hanging, /gone/)
    assert.equal(await registry.uploads.size(app, id), 50)
  })
})

/** A body of which half comes at once, and the other half when it is let go on. */
function gated(content: Buffer) {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  async function* chunks(): Batches {
    yield [content.subarray(0, content.length / 2)]
    begun.resolve()
    await gate.promise
    yield [content.subarray(content.length / 2)]
  }
  return { body: { chunks: chunks() }, begun: begun.promise, goOn: gate.resolve, fail: gate.reject }
}
