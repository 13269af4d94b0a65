import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { faulty } from '../storage-drivers/faulty.ts'
import { digestOf } from './digest.ts'
import { app, pushBlob, readBlob } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { blobKey } from './layout.ts'
import { parseRepositoryName } from './names.ts'

const other = parseRepositoryName('team/other')
const bytes = randomBytes(1000)
const digest = digestOf(bytes)

describeOnDrivers('blobs', (driver, isRemote) => {
  it('are seen by the repositories that have a link, and by no others', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, app, bytes)
    assert.equal((await registry.blob(app, digest))?.size, 1000)
    assert.equal(await registry.blob(other, digest), undefined)
    await registry.blobs.link(other, digest)
    assert.deepEqual(await readBlob(registry, other, digest), bytes)
  })

  it('are found without being opened', async () => {
    await pushBlob(openRegistry(driver()), app, bytes)
    const storage = faulty(driver())
    const blob = await openRegistry(storage).blob(app, digest)
    assert.deepEqual(
      storage.calls.map(({ action }) => action),
      ['get', 'stat'],
    )
    assert.deepEqual([blob?.digest, blob?.size], [digest, 1000])
  })

  it('are read whole, in ranges that include both ends, and at once', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, app, bytes)
    const blob = (await registry.blob(app, digest)) ?? assert.fail()
    assert.deepEqual(await blob.bytes(), bytes)
    for (const [start, end] of [
      [0, 999],
      [0, 0],
      [999, 999],
      [10, 20],
    ] as const) {
      const chunks = (await Array.fromAsync(await blob.open({ start, end }))) as Buffer[]
      assert.deepEqual(Buffer.concat(chunks), bytes.subarray(start, end + 1))
    }
    const sent: Buffer[] = []
    const target = new Writable({
      write(chunk: Buffer, _, done) {
        sent.push(Buffer.from(chunk))
        done()
      },
    })
    await blob.sendTo?.({ start: 10, end: 20 }, target)
    if (blob.sendTo !== undefined) assert.deepEqual(Buffer.concat(sent), bytes.subarray(10, 21))
  })

  it('that vanish between being found and being read fail, and give no empty content', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, app, bytes)
    const blob = (await registry.blob(app, digest)) ?? assert.fail()
    await driver().delete(blobKey(digest))
    const target = new Writable({ write: (_chunk, _encoding, done) => done() })
    await assert.rejects(blob.open(), /was removed while it was read/)
    await assert.rejects(blob.bytes(), /was removed while it was read/)
    if (blob.sendTo !== undefined) await assert.rejects(blob.sendTo({ start: 0, end: 9 }, target), /was removed/)
    assert.equal(await registry.blob(app, digest), undefined)
  })

  it('unlinked from one repository stay in the others, and their bytes stay for garbage collection', async () => {
    const registry = openRegistry(driver())
    for (const repository of [app, other]) await pushBlob(registry, repository, bytes)
    assert.equal(await registry.blobs.unlink(app, digest), true)
    assert.equal(await registry.blobs.unlink(app, digest), false)
    assert.equal(await registry.blob(app, digest), undefined)
    assert.deepEqual(await readBlob(registry, other, digest), bytes)
    await registry.blobs.unlink(other, digest)
    assert.equal(await registry.blobs.storedSize(digest), 1000)
  })

  if (!isRemote) {
    it('pushed twice are one, and the second push costs the link nothing', async () => {
      const registry = openRegistry(driver())
      await pushBlob(registry, app, bytes)
      const storage = faulty(driver())
      await pushBlob(openRegistry(storage), app, bytes)
      assert.deepEqual(
        storage.calls.filter(({ action }) => action === 'write'),
        [],
      )
    })
  }
})
