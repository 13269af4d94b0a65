import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { inProcessLocker } from '../coordination/in-process.ts'
import { digestOf } from '../registry/digest.ts'
import { app, chunksOf, keysOf, layer, pushBlob, readBlob, writeText } from '../registry/fixtures/content.ts'
import { openRegistry, recordingLog, type LogLine } from '../registry/fixtures/open-registry.ts'
import { parseRepositoryName, type UploadId } from '../registry/names.ts'
import { uploadLock } from '../registry/uploads.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { faulty } from '../storage-drivers/faulty.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { purgeExpiredUploads } from './expired-uploads.ts'

const hourMs = 3_600_000
const ageMs = 168 * hourMs
const uploads = 'docker/registry/v2/repositories/team/app/_uploads/'

describe('expired uploads', () => {
  let time: number
  let driver: StorageDriver
  const locker = inProcessLocker()

  beforeEach(() => {
    time = Date.UTC(2026, 0, 1)
    driver = openMemoryDriver(() => time)
  })

  async function purge(storage = driver, dryRun = false): Promise<{ purged: number; logged: LogLine[] }> {
    const { log, logged } = recordingLog()
    const { repositories } = openRegistry(storage)
    const purged = await purgeExpiredUploads(
      { driver: storage, repositories, locker, log, now: () => time },
      { ageMs, dryRun },
    )
    return { purged, logged }
  }

  it('are removed when their last byte came so long ago, with everything that is kept of them', async () => {
    const registry = openRegistry(driver, { locker })
    const id = await registry.uploads.start(app, 'sha512')
    await registry.uploads.append(app, id, { chunks: chunksOf(layer) })
    time += ageMs - 1
    assert.equal((await purge()).purged, 0)
    assert.equal(await registry.uploads.size(app, id), layer.length)
    time += 1
    assert.equal((await purge()).purged, 1)
    assert.deepEqual(await keysOf(driver), [])
    await assert.rejects(registry.uploads.size(app, id), { code: 'BLOB_UPLOAD_UNKNOWN' })
    assert.equal((await purge()).purged, 0)
  })

  it('are not those that began long ago and still receive bytes', async () => {
    const registry = openRegistry(driver, { locker })
    const id = await registry.uploads.start(app, 'sha256')
    for (const part of [layer.subarray(0, 5), layer.subarray(5)]) {
      time += ageMs - hourMs
      await registry.uploads.append(app, id, { chunks: chunksOf(part) })
    }
    time += hourMs
    assert.equal((await purge()).purged, 0)
    await registry.uploads.finish(app, id, digestOf(layer))
    assert.deepEqual(await readBlob(registry, app, digestOf(layer)), layer)
  })

  it('are found in every repository, and nothing else is touched', async () => {
    const registry = openRegistry(driver, { locker })
    await pushBlob(registry, app, layer)
    const kept = await keysOf(driver)
    for (const name of ['a', 'a/b', 'a-b', 'team/app', 'team/app/nested']) {
      for (const _ of [1, 2]) await registry.uploads.start(parseRepositoryName(name), 'sha256')
    }
    time += ageMs
    assert.equal((await purge()).purged, 10)
    assert.deepEqual(await keysOf(driver), kept)
  })

  it('are what older registries left behind, in whatever state', async () => {
    await writeText(driver, `${uploads}no-start/data`, 'x')
    await writeText(driver, `${uploads}only-hashes/hashstates/sha256/0`, 'x')
    await writeText(driver, `${uploads}not a uuid!/startedat`, 'garbage')
    await writeText(driver, `${uploads}empty/data`, '')
    time += ageMs
    const { purged, logged } = await purge()
    assert.equal(purged, 4)
    assert.deepEqual(
      logged.filter(({ level }) => level !== 'info'),
      [],
    )
    assert.deepEqual(await keysOf(driver), [])
  })

  it('are only told of in a dry run', async () => {
    const id = await openRegistry(driver).uploads.start(app, 'sha256')
    time += ageMs
    const { purged, logged } = await purge(driver, true)
    assert.equal(purged, 1)
    assert.deepEqual(
      logged.map(({ fields }) => fields),
      [{ repository: app, upload: id, dryRun: true }],
    )
    assert.equal(await openRegistry(driver).uploads.size(app, id), 0)
  })

  it('that cannot be removed are reported, and hold up no others', async () => {
    const { uploads } = openRegistry(driver)
    for (const _ of [1, 2, 3]) await uploads.start(app, 'sha256')
    time += ageMs
    const storage = faulty(driver)
    storage.fail({ action: 'deleteAll', nth: 2 }, new Error('permission denied'))
    const { purged, logged } = await purge(storage)
    assert.equal(purged, 2)
    assert.match(String(logged.find(({ level }) => level === 'warn')?.fields.error), /permission denied/)
    assert.equal((await purge()).purged, 1)
  })

  it('are spared when their client comes back at the last moment', async () => {
    const registry = openRegistry(driver, { locker })
    const id: UploadId = await registry.uploads.start(app, 'sha256')
    time += ageMs
    const request = await locker.acquire([uploadLock(app, id)])
    const purging = purge()
    // As far as the purge gets without the lock.
    await new Promise((resolve) => setTimeout(resolve, 20))
    await writeText(driver, `${uploads}${id}/data`, 'the first bytes')
    request.release()
    assert.equal((await purging).purged, 0)
    assert.equal(await registry.uploads.size(app, id), 15)
  })

  it('that a crash left as empty folders go too, and trouble with one repository holds up no others', async () => {
    const root = freshFolder()
    const onDisk = await openFilesystemDriver(root)
    const folders = ['a', 'b'].map((name) => path.join(root, `docker/registry/v2/repositories/${name}/_uploads/gone`))
    for (const name of ['a', 'b'])
      await writeText(onDisk, `docker/registry/v2/repositories/${name}/_layers/x/link`, 'x')
    for (const folder of folders) fs.mkdirSync(folder, { recursive: true })
    const tidy = async (prefix: string): Promise<void> => {
      if (prefix.includes('/a/')) throw new Error('a is broken')
      await onDisk.tidy?.(prefix)
    }
    const { logged } = await purge({ ...onDisk, tidy })
    assert.deepEqual(
      folders.map((folder) => fs.existsSync(folder)),
      [true, false],
    )
    assert.match(JSON.stringify(logged), /a is broken/)
    await purge(onDisk, true)
    assert.ok(fs.existsSync(folders[0] as string), 'a dry run removes nothing')
    await purge(onDisk)
    assert.ok(!fs.existsSync(folders[0] as string))
  })

  it('on disk are told by the times of their files', async () => {
    driver = await openFilesystemDriver(freshFolder())
    const { uploads } = openRegistry(driver)
    await uploads.start(app, 'sha256')
    time = Date.now() + ageMs - hourMs
    assert.equal((await purge()).purged, 0)
    time = Date.now() + ageMs + 1000
    assert.equal((await purge()).purged, 1)
    assert.deepEqual(await keysOf(driver), [])
  })
})
