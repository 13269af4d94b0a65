import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { faulty } from '../storage-drivers/faulty.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { StorageError } from '../storage-drivers/storage-error.ts'
import { digestOf } from './digest.ts'
import { asRegistryError } from './errors.ts'
import { assertSound } from './fixtures/assert-sound.ts'
import { app, chunksOf, cutAfter, keysOf, readBlob } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { pushForms, sessionFor } from './fixtures/push-forms.ts'

const bytes = randomBytes(100)
const digest = digestOf(bytes)
const full = new StorageError('full', 'no space left on device')

describe('uploads on storage that fails', () => {
  for (const [form, push] of Object.entries(pushForms)) {
    it(`by ${form}: any call may fail once; the client is told why, and goes on with success`, async () => {
      for (let nth = 1, failed = true; failed; nth++) {
        const beneath = openMemoryDriver()
        const storage = faulty(beneath)
        storage.fail({ nth }, full)
        const registry = openRegistry(storage)
        const session = sessionFor(bytes)
        const error = await push(registry, session).then(
          () => undefined,
          (error: unknown) => error,
        )
        failed = error !== undefined
        if (failed)
          assert.deepEqual([asRegistryError(error).code, asRegistryError(error).status], ['STORAGE_FULL', 507])
        await assertSound(beneath)
        if (failed) await push(registry, session)
        assert.deepEqual(await readBlob(openRegistry(beneath), app, digest), bytes)
      }
    })
  }

  it('what a full disk took of a chunk is kept or not, but never miscounted', async () => {
    for (const taken of [0, 1, 7, 50, 99]) {
      const storage = faulty(openMemoryDriver())
      storage.cut({ action: 'staged.append' }, taken, full)
      const registry = openRegistry(storage)
      const id = await registry.uploads.start(app, 'sha256')
      await assert.rejects(registry.uploads.append(app, id, { chunks: chunksOf(bytes) }), full)
      const size = await registry.uploads.size(app, id)
      await registry.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(size)), start: size })
      await registry.uploads.finish(app, id, digest)
      assert.deepEqual(await readBlob(registry, app, digest), bytes)
    }
  })

  it('a push in one request that fails leaves nothing', async () => {
    const beneath = openMemoryDriver()
    const storage = faulty(beneath)
    storage.cut({ action: 'writeStream' }, 50, full)
    await assert.rejects(openRegistry(storage).uploads.push(app, digest, { chunks: chunksOf(bytes) }), full)
    await assert.rejects(openRegistry(beneath).uploads.push(app, digest, { chunks: cutAfter(bytes) }), /gone/)
    assert.deepEqual(await keysOf(beneath), [])
  })

  it('a failed push is answered with its own reason, even when the cleaning up fails too', async () => {
    const storage = faulty(openMemoryDriver())
    storage.cut({ action: 'writeStream' }, 50, full)
    storage.fail({ action: 'deleteAll' }, new Error('cannot delete either'))
    await assert.rejects(openRegistry(storage).uploads.push(app, digest, { chunks: chunksOf(bytes) }), full)
  })

  it('a digest is never remembered for bytes that the storage lost when client and disk failed together', async () => {
    const beneath = openMemoryDriver()
    const lossy = losingAppends(beneath)
    const id = await openRegistry(beneath).uploads.start(app, 'sha256')
    await assert.rejects(openRegistry(lossy).uploads.append(app, id, { chunks: cutAfter(bytes) }), full)

    // Other bytes of the same length come, and the process dies before it has written down their digest.
    const dying = faulty(beneath)
    dying.crash({ action: 'staged.save' })
    await assert.rejects(openRegistry(dying).uploads.append(app, id, { chunks: chunksOf(randomBytes(100)) }))

    const finishing = openRegistry(beneath).uploads.finish(app, id, digest)
    await assert.rejects(finishing, { code: 'DIGEST_INVALID' })
    assert.equal(await readBlob(openRegistry(beneath), app, digest), undefined)
    await assertSound(beneath)
  })

  it('a digest of bytes that were committed is never believed of other bytes that come after them', async () => {
    const beneath = openMemoryDriver()
    const id = await openRegistry(beneath).uploads.start(app, 'sha256')
    await openRegistry(beneath).uploads.append(app, id, { chunks: chunksOf(bytes) })
    const unlinked = faulty(beneath)
    unlinked.fail({ action: 'write', key: /_layers/ }, full)
    await assert.rejects(openRegistry(unlinked).uploads.finish(app, id, digest), full)

    // The first writing drops the old note, the second one would tell of the new bytes.
    const dying = faulty(beneath)
    dying.crash({ action: 'staged.save', nth: 2 })
    await assert.rejects(openRegistry(dying).uploads.append(app, id, { chunks: chunksOf(randomBytes(bytes.length)) }))

    await assert.rejects(openRegistry(beneath).uploads.finish(app, id, digest), { code: 'DIGEST_INVALID' })
    await assertSound(beneath)
  })
})

/** Takes in all chunks and then has no room for any of them, whatever the source did. */
function losingAppends(driver: StorageDriver): StorageDriver {
  return {
    ...driver,
    stage: (keys) => ({
      ...driver.stage(keys),
      async append(chunks) {
        await Array.fromAsync(chunks).catch(() => {})
        throw full
      },
    }),
  }
}
