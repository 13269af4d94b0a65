import assert from 'node:assert/strict'
import type { Batches, StorageDriver } from '../storage-drivers/driver.ts'
import { faulty, type Action } from '../storage-drivers/faulty.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { openS3Driver } from '../storage-drivers/s3.ts'
import { s3OptionsFor } from '../storage-drivers/s3/fixtures/s3-options.ts'
import { StorageError } from '../storage-drivers/storage-error.ts'
import { startFakeS3 } from '../testing/fake-s3/start-fake-s3.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { assertWhole, contentOf, copyTree, nested, pushLargeImage, writeTree } from './copy/fixtures/trees.ts'
import { createTally } from './copy/tally.ts'
import { digestOf } from './digest.ts'
import { app, imageBytes, layer, pushBlob, pushImage, pushManifest, readBlob } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { blobKey, currentLinkKey, layerLinkKey, revisionLinkKey } from './layout.ts'
import { parseTag } from './names.ts'

const mebibyte = 1024 * 1024
const changes: readonly Action[] = ['write', 'writeStream']
const openFolder = (): Promise<StorageDriver> => openFilesystemDriver(freshFolder())

describe('a copy of a storage that is not what it should be', () => {
  async function damagedTree(change: (bytes: Buffer) => Buffer): Promise<{ source: StorageDriver; damaged: Buffer }> {
    const source = openMemoryDriver()
    await writeTree(source)
    const registry = openRegistry(source)
    const damaged = Buffer.from('a layer that rots')
    await pushBlob(registry, app, damaged)
    const own = { mediaType: 'a/b', digest: digestOf(damaged), size: damaged.length }
    await pushManifest(registry, app, imageBytes({ layers: [own] }), 'damaged')
    await source.write(blobKey(digestOf(damaged)), change(damaged))
    return { source, damaged }
  }

  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    'one bit of which is another': (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('z')]),
    'that is too short': (bytes) => bytes.subarray(1),
    'that is empty': () => Buffer.alloc(0),
  }
  for (const [what, change] of Object.entries(damages)) {
    it(`tells of a blob ${what}, and brings everything but what needs it`, async () => {
      const { source, damaged } = await damagedTree(change)
      const digest = digestOf(damaged)
      const target = openMemoryDriver()
      const { findings } = await copyTree(source, target)
      assert.deepEqual(findings, [
        { found: 'damaged', where: 'source', digest },
        { found: 'incomplete', repository: app, tag: 'damaged', needs: digest },
      ])
      await assertWhole(target, what)
      const [copied, original] = [await contentOf(target), await contentOf(source)]
      const missing = Object.keys(original).filter((key) => copied[key] !== original[key])
      const manifest = await openRegistry(source).manifest(app, parseTag('damaged'))
      assert.deepEqual(
        missing.sort(),
        [
          blobKey(digest),
          layerLinkKey(app, digest),
          revisionLinkKey(app, manifest?.digest ?? digest),
          currentLinkKey(app, parseTag('damaged')),
        ].sort(),
      )
    })
  }

  it('brings what needed a damaged blob once it is mended, at whichever end', async () => {
    for (const end of [0, 1]) {
      const { source, damaged } = await damagedTree((bytes) => Buffer.concat([bytes, bytes]))
      const target = openMemoryDriver()
      await copyTree(source, target)
      await pushBlob(openRegistry([source, target][end] as StorageDriver), app, damaged)
      const { findings } = await copyTree(source, target)
      assert.deepEqual(
        findings.map(({ found }) => found),
        end === 0 ? [] : ['damaged'],
      )
      assert.ok(await openRegistry(target).manifest(app, parseTag('damaged')))
      assert.deepEqual(await readBlob(openRegistry(target), app, digestOf(damaged)), damaged)
    }
  })

  it('finds a manifest that rotted at the source after it was copied, and takes the good one', async () => {
    const [source, target] = [openMemoryDriver(), openMemoryDriver()]
    const digest = await pushImage(openRegistry(source), app, 'image', 'latest')
    await copyTree(source, target)
    for (const key of [revisionLinkKey(app, digest), currentLinkKey(app, parseTag('latest'))]) await target.delete(key)
    const bytes = (await source.get(blobKey(digest)))?.bytes ?? assert.fail()
    await source.write(blobKey(digest), Buffer.from(bytes.toString().replace('image', 'imagE')))
    const { findings } = await copyTree(source, target)
    assert.deepEqual(findings, [{ found: 'damaged', where: 'source', digest }])
    await assertWhole(target, 'a damaged manifest')
    assert.equal((await openRegistry(target).manifest(app, parseTag('latest')))?.digest, digest)
  })

  it('goes past what cannot be read, tells it once, and brings everything but what needs it', async () => {
    const [beneath, target] = [openMemoryDriver(), openMemoryDriver()]
    await writeTree(beneath)
    const bytes = Buffer.from('on a bad sector')
    const registry = openRegistry(beneath)
    await pushBlob(registry, app, bytes)
    const own = { mediaType: 'a/b', digest: digestOf(bytes), size: bytes.length }
    for (const tag of ['bad', 'worse'])
      await pushManifest(registry, app, imageBytes({ layers: [own], annotations: { tag } }), tag)
    const source = faulty(beneath)
    const key = blobKey(digestOf(bytes))
    for (let nth = 1; nth < 20; nth++) source.fail({ action: 'read', key: new RegExp(key), nth }, new Error('EIO'))
    const link = currentLinkKey(nested, parseTag('latest'))
    source.fail({ action: 'get', key: new RegExp(link) }, new Error('EIO'))

    const { findings } = await copyTree(source, target)
    const needs = digestOf(bytes)
    assert.deepEqual(
      new Set(findings.map((finding) => JSON.stringify(finding))),
      new Set(
        [
          { found: 'unreadable', where: 'source', key, reason: 'EIO' },
          { found: 'unreadable', where: 'source', key: link, reason: 'EIO' },
          { found: 'incomplete', repository: app, tag: 'bad', needs },
          { found: 'incomplete', repository: app, tag: 'worse', needs },
          { found: 'incomplete', repository: nested, tag: 'latest', needs: link },
        ].map((finding) => JSON.stringify(finding)),
      ),
    )
    await assertWhole(target, 'a bad sector')
    await copyTree(beneath, target)
    assert.deepEqual(await contentOf(target), await contentOf(beneath))
  })

  it('gives up on a source of which nothing can be read', async () => {
    const source = openMemoryDriver()
    const registry = openRegistry(source)
    for (let n = 0; n < 150; n++) await pushBlob(registry, app, Buffer.from(`blob ${n}`))
    const away: StorageDriver = { ...source, stat: () => Promise.reject(new Error('the disk is gone')) }
    await assert.rejects(copyTree(away, openMemoryDriver()), /the source cannot be read: the disk is gone/)
  })

  it('ends at once on a target that is full, and goes on when there is room', async () => {
    const source = openMemoryDriver()
    await writeTree(source)
    const full = new StorageError('full', 'no space left on device')
    for (const action of changes) {
      const beneath = openMemoryDriver()
      const target = faulty(beneath)
      target.fail({ nth: 3, action }, full)
      await assert.rejects(copyTree(source, target, { pauseMs: 60_000 }), full)
      await assertWhole(beneath, 'a full disk')
      await copyTree(source, beneath)
      assert.deepEqual(await contentOf(beneath), await contentOf(source))
    }
  })

  it('ends when the target fails again and again, and not before', async () => {
    const source = openMemoryDriver()
    await pushImage(openRegistry(source), app, 'image', 'latest')
    const key = new RegExp(blobKey(digestOf(layer)))
    for (const [failures, isOver] of [
      [4, false],
      [5, true],
    ] as const) {
      const target = faulty(openMemoryDriver())
      for (let nth = 1; nth <= failures; nth++)
        target.cut({ action: 'writeStream', key, nth }, 3, new Error('timed out'))
      const copying = copyTree(source, target)
      if (isOver) await assert.rejects(copying, /timed out/)
      else assert.deepEqual((await copying).findings, [])
    }
  })

  it('computes the digests of everything at the target, where it is told to', async () => {
    const [source, target] = [openMemoryDriver(), await openFolder()]
    await writeTree(source)
    await copyTree(source, target)
    const key = blobKey(digestOf(layer))
    await target.write(key, Buffer.from(layer.toString().replace('only', 'onlY')))
    const deep = { isRehearsal: true, checksDigests: true }
    const { findings, tally } = await copyTree(source, target, deep)
    assert.deepEqual(findings, [{ found: 'damaged', where: 'target', digest: digestOf(layer) }])
    assert.equal(tally.digests, tally.blobs.present)
    await target.write(key, layer)
    assert.deepEqual((await copyTree(source, target, deep)).findings, [])
  })
})

describe('a large blob', () => {
  it('is read only as fast as it can be written', async () => {
    const [source, target] = [await openFolder(), openMemoryDriver()]
    const { layer: large } = await pushLargeImage(openRegistry(source), app, 32 * mebibyte, 'large')
    const tally = createTally()
    let written = 0
    let mostAhead = 0
    const slow: StorageDriver = {
      ...target,
      async writeStream(key, chunks, known) {
        for await (const batch of chunks) {
          // Time for a reader to run ahead, if it did.
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
          written += batch.reduce((sum, { length }) => sum + length, 0)
          mostAhead = Math.max(mostAhead, tally.movedBytes - written)
        }
        await target.writeStream(key, noChunks(), known)
      },
    }
    await copyTree(source, slow, { jobs: 1, tally })
    assert.ok(written > 32 * mebibyte)
    assert.ok(mostAhead < 4 * mebibyte, `${mostAhead} bytes ahead`)
    assert.equal((await target.stat(blobKey(large)))?.size, 0)
  })

  it('is sent again when the store fails in the middle', async () => {
    const fake = await startFakeS3()
    fake.createBucket('bucket')
    const [source, target] = [await openFolder(), await openS3Driver(s3OptionsFor(fake, 'bucket'))]
    try {
      const { layer: large } = await pushLargeImage(openRegistry(source), app, 2 * mebibyte, 'large')
      const key = new RegExp(blobKey(large))
      fake.fault({ operation: 'PutObject', key }, { kind: 'cut-request', afterBytes: mebibyte })
      fake.fault({ operation: 'PutObject', key, nth: 2 }, { kind: 'answer', status: 503, code: 'SlowDown' })
      fake.fault({ operation: 'PutObject', key, nth: 3 }, { kind: 'lost-answer' })
      const { findings } = await copyTree(source, target)
      assert.deepEqual(findings, [])
      assert.deepEqual(await contentOf(target), await contentOf(source))
    } finally {
      await target.close()
      await fake.close()
    }
  })
})

async function* noChunks(): Batches {}
