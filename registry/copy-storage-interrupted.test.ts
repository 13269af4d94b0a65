import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { faulty, type Action } from '../storage-drivers/faulty.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import {
  assertWhole,
  contentOf,
  copyTree,
  nested,
  pushIndex,
  pushLargeImage,
  writeTree,
} from './copy/fixtures/trees.ts'
import { digestOf } from './digest.ts'
import { app, config, imageBytes, layer, pushBlob, pushImage, pushManifest } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { signature } from './fixtures/referrers.ts'
import { blobKey, layerLinkKey, referrerKey, revisionLinkKey } from './layout.ts'

const mebibyte = 1024 * 1024
const changes: readonly Action[] = ['write', 'writeStream']
const openFolder = (): Promise<StorageDriver> => openFilesystemDriver(freshFolder())

describe('a copy that is interrupted', () => {
  const openers = { memory: async () => openMemoryDriver(), filesystem: openFolder }
  for (const [name, open] of Object.entries(openers)) {
    it(`at any write (${name}): what can be seen is whole, and the next one brings the rest`, async () => {
      const source = openMemoryDriver()
      await writeTree(source)
      const content = await contentOf(source)
      // Every fsync is a real one on a file system: some of the writes stand for the others.
      const step = name === 'memory' ? 1 : 7
      for (let nth = 1, hasCrashed = true; hasCrashed; nth += step) {
        const target = await open()
        const dying = faulty(target)
        // Every second time in the middle of the write.
        dying.crash({ nth, action: changes }, nth % 2 === 0 ? 5 : undefined)
        const copying = copyTree(source, dying, { jobs: nth % 3 === 0 ? 8 : 1 })
        await copying.catch((error: unknown) => assert.equal((error as Error).name, 'Crash'))
        hasCrashed = dying.hasCrashed()
        await assertWhole(target, `a crash at write ${nth}`)

        const { tally, findings } = await copyTree(source, target)
        assert.deepEqual(findings, [])
        assert.deepEqual(await contentOf(target), content)
        const copied = tally.blobs.copied + tally.links.copied + tally.tags.copied
        assert.ok(hasCrashed ? copied > 0 : copied === 0, `${copied} copied after a crash at write ${nth}`)
        await target.close()
      }
    })
  }

  it('by its operator ends soon, and leaves nothing of what was under way', async () => {
    const folder = freshFolder()
    const [source, target] = [await openFolder(), await openFilesystemDriver(folder)]
    const { layer: large } = await pushLargeImage(openRegistry(source), app, 8 * mebibyte, 'large')
    const interruption = new AbortController()
    const stopping: StorageDriver = {
      ...target,
      writeStream(key, chunks, known) {
        const isLarge = key === blobKey(large)
        const interrupt = (): void => interruption.abort(new Error('enough'))
        return target.writeStream(key, isLarge ? afterFirst(chunks, interrupt) : chunks, known)
      },
    }
    await assert.rejects(copyTree(source, stopping, { signal: interruption.signal }), /^Error: enough$/)
    assert.equal(await target.stat(blobKey(large)), undefined)
    assert.deepEqual(fs.readdirSync(path.join(folder, '.lading-tmp')), [])
    await assertWhole(target, 'an interruption')
    await copyTree(source, target)
    assert.deepEqual(await contentOf(target), await contentOf(source))
  })
})

describe('a copy of a registry that is written to', () => {
  it('never shows a tag before its content, whenever it was pushed', async () => {
    for (let nth = 1, hasStalled = true; hasStalled; nth += 3) {
      const [source, beneath] = [openMemoryDriver(), openMemoryDriver()]
      await writeTree(source)
      const target = faulty(beneath)
      const { reached, release } = target.stall({ nth, action: changes })
      const copying = copyTree(source, target)
      hasStalled = await Promise.race([reached.then(() => true), copying.then(() => false)])
      const registry = openRegistry(source)
      // Digests of all beginnings, so that some lie behind where the copy is, and some before.
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const bytes = Buffer.from(`the layer ${name}`)
        await pushBlob(registry, app, bytes)
        await pushImage(registry, app, 'meanwhile', 'latest')
        const own = { mediaType: 'a/b', digest: digestOf(bytes), size: bytes.length }
        await pushManifest(registry, app, imageBytes({ layers: [own] }), name)
      }
      await pushIndex(registry, nested, 'index')
      await pushManifest(registry, app, signature('late'))
      release()
      const { findings } = await copying
      assert.deepEqual(findings, [])
      await assertWhole(beneath, `pushes at write ${nth}`)
      await copyTree(source, beneath)
      assert.deepEqual(await contentOf(beneath), await contentOf(source))
    }
  })

  it('writes each link after what it leads to', async () => {
    const [source, target] = [openMemoryDriver(), faulty(openMemoryDriver())]
    const registry = openRegistry(source)
    const index = await pushIndex(registry, app, 'multi')
    const referrer = await pushManifest(registry, app, signature('one'), 'signed')
    await copyTree(source, target, { jobs: 1 })
    const keys = target.calls.filter(({ action }) => changes.includes(action)).map(({ key }) => key)
    const children = ['amd64', 'arm64'].map((name) => digestOf(imageBytes({ annotations: { name, tag: 'multi' } })))
    const inOrder = (first: string, then: string): void => {
      assert.ok(keys.includes(first) && keys.includes(then), `${first} and ${then}`)
      assert.ok(keys.indexOf(first) < keys.indexOf(then), `${first} before ${then}`)
    }
    for (const child of children) inOrder(revisionLinkKey(app, child), revisionLinkKey(app, index))
    for (const blob of [config, layer].map((bytes) => digestOf(bytes))) {
      inOrder(blobKey(blob), layerLinkKey(app, blob))
      inOrder(layerLinkKey(app, blob), revisionLinkKey(app, children[0] ?? index))
    }
    const subject = (await registry.manifest(app, referrer))?.bytes.toString() ?? ''
    const { digest } = (JSON.parse(subject) as { subject: { digest: typeof index } }).subject
    inOrder(referrerKey(app, digest, referrer), revisionLinkKey(app, referrer))
    const tags = keys.filter((key) => key.endsWith('/current/link'))
    assert.deepEqual(keys.slice(-tags.length), tags)
    assert.equal(new Set(keys).size, keys.length)
  })
})

async function* afterFirst<T>(items: AsyncIterable<T>, act: () => void): AsyncGenerator<T> {
  let isFirst = true
  for await (const item of items) {
    yield item
    if (isFirst) act()
    isFirst = false
  }
}
