import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { app, chunksOf, cutAfter, hexIn, keysOf, pushBlob, readBlob } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { pushForms, sessionFor } from './fixtures/push-forms.ts'
import { digestOf } from './digest.ts'
import { parseRepositoryName, parseUploadId } from './names.ts'

const bytes = randomBytes(100)
const digest = digestOf(bytes)
const other = parseRepositoryName('team/other')
const blobs = 'docker/registry/v2/blobs/'
const repository = 'docker/registry/v2/repositories/team/app/'

describeOnDrivers('uploads', (driver, isRemote) => {
  for (const [form, push] of Object.entries(pushForms)) {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const size of [0, 1, 100, 70_000]) {
        it(`${size} bytes by ${form} end in a ${algorithm} blob, and in two keys`, async () => {
          const registry = openRegistry(driver())
          const session = sessionFor(randomBytes(size), algorithm)
          await push(registry, session)
          assert.deepEqual(await readBlob(registry, app, session.digest), session.bytes)
          const hex = hexIn(session.digest)
          assert.deepEqual(await keysOf(driver()), [
            `${blobs}${algorithm}/${hex.slice(0, 2)}/${hex}/data`,
            `${repository}_layers/${algorithm}/${hex}/link`,
          ])
        })
      }
    }
  }

  it('an upload that began for sha256 can end in a sha512 blob', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    await registry.uploads.append(app, id, { chunks: chunksOf(bytes) })
    const sha512 = digestOf(bytes, 'sha512')
    await registry.uploads.finish(app, id, sha512)
    assert.deepEqual(await readBlob(registry, app, sha512), bytes)
  })

  it('an upload goes on where the client was cut off', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    const gone = new Error('the client has gone')
    await assert.rejects(registry.uploads.append(app, id, { chunks: cutAfter(bytes.subarray(0, 33), gone) }), gone)
    assert.equal(await registry.uploads.size(app, id), 33)
    assert.equal(await registry.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(33)), start: 33 }), 100)
    await registry.uploads.finish(app, id, digest)
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a chunk out of order is refused, says where to go on, and changes nothing', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    await registry.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(0, 40)), start: 0 })
    for (const start of [0, 39, 41, 100]) {
      const body = { chunks: chunksOf(bytes.subarray(40)), start }
      const wrong = { code: 'RANGE_INVALID', status: 416 }
      await assert.rejects(registry.uploads.append(app, id, body), wrong)
      await assert.rejects(registry.uploads.finish(app, id, digest, body), wrong)
    }
    assert.equal(await registry.uploads.size(app, id), 40)
    await registry.uploads.finish(app, id, digest, { chunks: chunksOf(bytes.subarray(40)), start: 40 })
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a body longer than announced is refused; what was announced can be sent again', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    await assert.rejects(registry.uploads.append(app, id, { chunks: chunksOf(bytes), length: 50 }), {
      code: 'SIZE_INVALID',
    })
    const size = await registry.uploads.size(app, id)
    assert.ok(size <= 50)
    await registry.uploads.finish(app, id, digest, { chunks: chunksOf(bytes.subarray(size)), start: size })
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a body shorter than announced is refused, and kept to go on from', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    const short = { chunks: chunksOf(bytes.subarray(0, 60)), length: 100 }
    await assert.rejects(registry.uploads.append(app, id, short), { code: 'SIZE_INVALID' })
    assert.equal(await registry.uploads.size(app, id), 60)
    await registry.uploads.append(app, id, { chunks: chunksOf(bytes.subarray(60)), start: 60 })
    await registry.uploads.finish(app, id, digest)
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a wrong digest ends the upload and leaves nothing behind', async () => {
    const registry = openRegistry(driver())
    for (const push of Object.values(pushForms)) {
      const session = { ...sessionFor(bytes), digest: digestOf(Buffer.from('something else')) }
      await assert.rejects(push(registry, session), { code: 'DIGEST_INVALID', status: 400 })
      assert.deepEqual(await keysOf(driver()), [])
      if (session.id !== undefined) {
        await assert.rejects(registry.uploads.finish(app, session.id, digest), { code: 'BLOB_UPLOAD_UNKNOWN' })
      }
    }
  })

  it('a wrong digest does no harm to the blob that has it', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, app, bytes)
    for (const push of Object.values(pushForms)) {
      await assert.rejects(push(registry, { ...sessionFor(randomBytes(100)), digest }), { code: 'DIGEST_INVALID' })
    }
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
    assert.equal((await keysOf(driver())).length, 2)
  })

  it('an upload is over when it has ended: it is unknown, but its end may be repeated, and the blob stays', async () => {
    const registry = openRegistry(driver())
    const session = sessionFor(bytes)
    await pushForms['one streamed PATCH']?.(registry, session)
    const id = session.id ?? assert.fail('no upload was started')
    const unknown = { code: 'BLOB_UPLOAD_UNKNOWN', status: 404 }
    await registry.uploads.finish(app, id, digest)
    await assert.rejects(registry.uploads.finish(app, id, digestOf(randomBytes(9))), unknown)
    await assert.rejects(registry.uploads.append(app, id, { chunks: chunksOf(bytes) }), unknown)
    await assert.rejects(registry.uploads.size(app, id), unknown)
    await assert.rejects(registry.uploads.cancel(app, id), unknown)
    assert.deepEqual(await readBlob(registry, app, digest), bytes)
  })

  it('a cancelled upload leaves nothing', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha512')
    await registry.uploads.append(app, id, { chunks: chunksOf(bytes) })
    await registry.uploads.cancel(app, id)
    assert.deepEqual(await keysOf(driver()), [])
    await assert.rejects(registry.uploads.size(app, id), { code: 'BLOB_UPLOAD_UNKNOWN' })
  })

  it('an upload of another repository is unknown', async () => {
    const registry = openRegistry(driver())
    const id = await registry.uploads.start(app, 'sha256')
    const unknown = { code: 'BLOB_UPLOAD_UNKNOWN' }
    await assert.rejects(registry.uploads.size(other, id), unknown)
    await assert.rejects(registry.uploads.append(other, id, { chunks: chunksOf(bytes) }), unknown)
    await assert.rejects(registry.uploads.finish(other, id, digest, { chunks: chunksOf(bytes) }), unknown)
    await assert.rejects(registry.uploads.cancel(other, id), unknown)
    await assert.rejects(registry.uploads.size(app, parseUploadId('no-such-upload')), unknown)
    assert.equal(await registry.uploads.size(app, id), 0)
  })

  if (!isRemote) {
    it('an upload in progress is kept where CNCF distribution keeps it, with its start in 20 bytes', async () => {
      const registry = openRegistry(driver(), { now: () => Date.UTC(2026, 10, 21, 9, 28, 48, 999) })
      const id = await registry.uploads.start(app, 'sha256')
      await registry.uploads.append(app, id, { chunks: chunksOf(bytes) })
      const prefix = `${repository}_uploads/${id}/`
      assert.deepEqual(await keysOf(driver()), [`${prefix}data`, `${prefix}lading-state`, `${prefix}startedat`])
      assert.equal((await driver().get(`${prefix}startedat`))?.bytes.toString(), '2026-11-21T09:28:48Z')
      assert.deepEqual((await driver().get(`${prefix}data`))?.bytes, bytes)
    })
  }
})
