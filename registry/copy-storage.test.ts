import assert from 'node:assert/strict'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { openS3Driver } from '../storage-drivers/s3.ts'
import { s3OptionsFor } from '../storage-drivers/s3/fixtures/s3-options.ts'
import { startFakeS3, type FakeS3, type S3Request } from '../testing/fake-s3/start-fake-s3.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { contentOf, copyTree, pushIndex, pushLargeImage, writePassing, writeTree } from './copy/fixtures/trees.ts'
import { holdsRegistry } from './copy-storage.ts'
import { digestOf } from './digest.ts'
import { assertSound } from './fixtures/assert-sound.ts'
import { app, imageBytes, keysOf, latest, pushImage, readBlob, writeText } from './fixtures/content.ts'
import { oldKeys, writeOldBlob, writeOldImage } from './fixtures/old-tree.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { listed } from './fixtures/referrers.ts'
import { currentLinkKey } from './layout.ts'
import { parseTag } from './names.ts'

const mebibyte = 1024 * 1024
const zero = { copied: 0, present: 0 }

describe('a copy of a storage', () => {
  let fake: FakeS3
  let buckets = 0
  const opened: StorageDriver[] = []

  before(async () => {
    fake = await startFakeS3()
  })
  afterEach(() => Promise.all(opened.splice(0).map((driver) => driver.close())))
  after(() => fake.close())

  async function openFolder(): Promise<StorageDriver> {
    return kept(await openFilesystemDriver(freshFolder()))
  }

  async function openBucket(rootDirectory = ''): Promise<StorageDriver> {
    const bucket = `bucket-${++buckets}`
    fake.createBucket(bucket)
    return kept(await openS3Driver(s3OptionsFor(fake, bucket, { rootDirectory })))
  }

  function kept(driver: StorageDriver): StorageDriver {
    opened.push(driver)
    return driver
  }

  it('from a folder to a bucket, to another bucket and back is the same tree, and serves everything', async () => {
    const folder = await openFolder()
    await writeTree(folder)
    const large = await pushLargeImage(openRegistry(folder), app, 3 * mebibyte, 'large')
    const original = await contentOf(folder)
    const stations = [folder, await openBucket(), await openBucket('some/prefix'), await openFolder()]
    for (const [index, target] of stations.slice(1).entries()) {
      const { findings, tally } = await copyTree(stations[index] as StorageDriver, target)
      assert.deepEqual(findings, [])
      assert.deepEqual(await contentOf(target), original)
      assert.equal(tally.blobs.copied + tally.links.copied + tally.tags.copied, Object.keys(original).length)
      assert.deepEqual([tally.blobs.present, tally.links.present, tally.tags.present, tally.leftOut], [0, 0, 0, 0])

      await assertSound(target)
      const registry = openRegistry(target)
      assert.equal((await registry.manifest(app, latest))?.digest, await digestOfTag(folder, 'latest'))
      assert.deepEqual(await readBlob(registry, app, large.layer), large.bytes)
      assert.equal((await listed(registry)).length, 2)
      assert.deepEqual(await Array.fromAsync(registry.repositories.list()), ['long', 'team/app', 'team/app/nested'])
    }
  })

  it('a second time copies nothing', async () => {
    for (const [source, target] of [
      [await openFolder(), await openBucket()],
      [await openBucket(), await openFolder()],
    ] as const) {
      await writeTree(source)
      const first = await copyTree(source, target)
      const { tally, findings } = await copyTree(source, target)
      assert.deepEqual(findings, [])
      assert.deepEqual([tally.copiedBytes, tally.movedBytes], [0, 0])
      for (const what of ['blobs', 'links', 'tags'] as const)
        assert.deepEqual(tally[what], { copied: 0, present: first.tally[what].copied })
    }
  })

  it('costs a bucket one request for each object, whether it is there or not, and three lists', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    for (const name of ['one', 'two', 'three']) await pushImage(openRegistry(source), app, name, 'latest', name)
    const objects = (await keysOf(source)).length
    for (const operation of ['PutObject', 'other']) {
      fake.forget()
      await copyTree(source, target)
      const [lists, others] = [fake.requests.filter(isList), fake.requests.filter((request) => !isList(request))]
      assert.deepEqual([lists.length, others.length], [3, objects])
      assert.equal(
        others.every((request) => request.operation === 'PutObject'),
        operation === 'PutObject',
      )
    }
  })

  it('again brings what was pushed meanwhile, tags that moved too, and keeps what only the target has', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    await writeTree(source)
    await copyTree(source, target)
    await pushImage(openRegistry(source), app, 'new', 'latest', 'new')
    await openRegistry(source).manifests.deleteTag(app, parseTag('1.0'))
    await pushImage(openRegistry(target), app, 'of the target', 'own')

    const { tally } = await copyTree(source, target)
    assert.deepEqual([tally.blobs.copied, tally.tags.copied], [1, 2])
    const registry = openRegistry(target)
    for (const tag of ['latest', 'new'])
      assert.equal((await registry.manifest(app, parseTag(tag)))?.digest, await digestOfTag(source, tag))
    // Deletions are not followed.
    for (const tag of ['own', '1.0']) assert.ok(await registry.manifest(app, parseTag(tag)))
    await assertSound(target)
  })

  it('leaves uploads, temporary files and what belongs to running processes where it is', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    await writeTree(source)
    const content = await contentOf(source)
    await writePassing(source)
    assert.notDeepEqual(await contentOf(source), content)
    await copyTree(source, target)
    assert.deepEqual(await contentOf(target), content)
  })

  it('takes along what it does not know, of any size', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    await writeTree(source)
    const places = ['docker/x', 'docker/registry/y/z', 'docker/registry/v2/blobs/note', 'lading/audit/log']
    const root = 'docker/registry/v2/repositories'
    for (const key of [...places, `${root}/team/README`, `${root}/team/app/_manifests/future/index.json`])
      await writeText(source, key, `at ${key}`)
    await source.write(`${root}/team/app/_layers/backup.tar`, Buffer.alloc(2 * mebibyte, 'x'))
    const { tally } = await copyTree(source, target)
    assert.deepEqual(await contentOf(target), await contentOf(source))
    const again = await copyTree(source, target)
    assert.deepEqual([again.tally.blobs.copied, again.tally.links.copied, again.tally.movedBytes], [0, 0, 0])
    assert.equal(again.tally.links.present, tally.links.copied)
  })

  it('replaces what is torn at the target', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    await writeTree(source)
    const image = await writeOldImage(source, 'team/app', 'old', imageBytes({ annotations: { name: 'old' } }))
    await writeText(target, oldKeys.data(image), 'torn')
    await writeText(target, oldKeys.revision('team/app', image), '')
    await writeText(target, oldKeys.current('team/app', 'old'), 'sha256:')
    await copyTree(source, target)
    assert.deepEqual(await contentOf(target), await contentOf(source))
  })

  it('has no link that leads to nothing, though the source has', async () => {
    const [source, target] = [openMemoryDriver(), openMemoryDriver()]
    await writeTree(source)
    const content = await contentOf(source)
    const gone = digestOf(Buffer.from('collected long ago'))
    await writeText(source, oldKeys.layer('team/app', gone), gone)
    await writeText(source, oldKeys.revision('team/app', gone), gone)
    await writeText(source, oldKeys.current('team/app', 'gone'), gone)
    await writeText(source, oldKeys.layer('team/app', digestOf(Buffer.from('torn'))), 'sha256:12')
    const { tally, findings } = await copyTree(source, target)
    assert.deepEqual(findings, [{ found: 'dangling', repository: app, tag: 'gone' }])
    assert.equal(tally.leftOut, 4)
    assert.deepEqual(await contentOf(target), content)
  })

  it('of an image that lacks a layer at the source is as it is there', async () => {
    const [source, target] = [openMemoryDriver(), openMemoryDriver()]
    const missing = digestOf(Buffer.from('foreign'))
    const manifest = imageBytes({ layers: [{ mediaType: 'a/b', digest: missing, size: 7 }] })
    await writeOldImage(source, 'team/app', 'windows', manifest)
    const { findings } = await copyTree(source, target)
    assert.deepEqual(findings, [])
    assert.deepEqual(await contentOf(target), await contentOf(source))
  })

  it('gives a tag the history that a power loss took from the source: deletes on a bucket need it', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    const digest = await writeOldImage(source, 'team/app', 'latest')
    await source.delete(oldKeys.index('team/app', 'latest', digest))
    await copyTree(source, target)
    assert.ok(await target.stat(oldKeys.index('team/app', 'latest', digest)))
    assert.equal(await openRegistry(target).manifests.delete(app, digest), true)
    assert.equal(await target.stat(currentLinkKey(app, latest)), undefined)
  })

  it('follows links that lead to the digest of another algorithm', async () => {
    const [source, target] = [openMemoryDriver(), openMemoryDriver()]
    const bytes = Buffer.from('kept by distribution under its sha256 digest')
    const digest = await writeOldBlob(source, 'team/app', bytes)
    await writeText(source, oldKeys.layer('team/app', digestOf(bytes, 'sha512')), digest)
    await copyTree(source, target)
    assert.deepEqual(await readBlob(openRegistry(target), app, digestOf(bytes, 'sha512')), bytes)
  })

  it('rehearsed writes nothing, and tells what is missing and what is different', async () => {
    const [source, target] = [await openFolder(), await openBucket()]
    await writeTree(source)
    const all = await copyTree(source, target, { isRehearsal: true })
    assert.deepEqual(await keysOf(target), [])
    const missing = all.findings.map((finding) => (finding.found === 'missing' ? finding.key : assert.fail()))
    assert.deepEqual(missing.sort(), await keysOf(source))

    await copyTree(source, target)
    const whole = await contentOf(target)
    assert.deepEqual((await copyTree(source, target, { isRehearsal: true })).findings, [])
    await pushImage(openRegistry(source), app, 'moved', 'latest')
    const lost = oldKeys.data(await pushIndex(openRegistry(source), app, 'lost'))
    const some = await copyTree(source, target, { isRehearsal: true })
    const found = new Map(some.findings.flatMap((one) => ('bytes' in one ? [[one.key, one.found]] : [])))
    assert.equal(found.get(currentLinkKey(app, latest)), 'different')
    assert.equal(found.get(lost), 'missing')
    assert.equal(some.tally.blobs.copied, 4)
    assert.deepEqual(await contentOf(target), whole)
  })

  it('has something to copy where there is a registry, and only there', async () => {
    const driver = openMemoryDriver()
    assert.equal(await holdsRegistry(driver), false)
    await writeText(driver, 'registry/v2/blobs/x', 'a folder too low')
    assert.equal(await holdsRegistry(driver), false)
    await writeTree(driver)
    assert.equal(await holdsRegistry(driver), true)
  })

  it('of a registry without content is one', async () => {
    const { tally } = await copyTree(openMemoryDriver(), openMemoryDriver())
    assert.deepEqual([tally.blobs, tally.links, tally.tags], [zero, zero, zero])
  })
})

function isList({ operation }: S3Request): boolean {
  return operation === 'ListObjectsV2'
}

async function digestOfTag(driver: StorageDriver, tag: string): Promise<string | undefined> {
  return (await driver.get(currentLinkKey(app, parseTag(tag))))?.bytes.toString()
}
