import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { app, pushImage } from '../registry/fixtures/content.ts'
import { openRegistry } from '../registry/fixtures/open-registry.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { startFakeS3 } from '../testing/fake-s3/start-fake-s3.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { openSource, openTarget, placesOf, type Place } from './copy-places.ts'

const environment = {}

function sourceAt(text: string, endpoint?: string): Place {
  return placesOf(text, '/elsewhere', { environment, endpoint }).source
}

function targetAt(text: string): Place {
  return placesOf(freshFolder(), text, { environment }).target
}

async function folderWithImage(): Promise<string> {
  const folder = freshFolder()
  await pushImage(openRegistry(await openFilesystemDriver(folder)), app, 'image', 'latest')
  return folder
}

function configurationFile(storage: string): string {
  const file = path.join(freshFolder(), 'config.yml')
  fs.writeFileSync(file, `version: 0.1\nstorage:\n${storage}`)
  return file
}

const fileFor = (folder: string): string => configurationFile(`  filesystem:\n    rootdirectory: ${folder}\n`)

describe('the ends of a copy', () => {
  it('are folders, buckets with a prefix, or what configuration files say', () => {
    assert.equal(sourceAt('.').storage.filesystem?.rootdirectory, '.')
    assert.equal(targetAt('not/there/yet').storage.filesystem?.rootdirectory, 'not/there/yet')
    assert.equal(sourceAt(fileFor('/data')).storage.filesystem?.rootdirectory, '/data')
    const options = { environment, region: 'eu-west-1', endpoint: 'http://minio:9000' }
    const { s3 } = placesOf('s3://bucket//some/prefix', '/elsewhere', options).source.storage
    assert.deepEqual(
      [s3?.bucket, s3?.rootdirectory, s3?.region, s3?.regionendpoint, s3?.accesskey],
      ['bucket', 'some/prefix', 'eu-west-1', 'http://minio:9000', undefined],
    )
    assert.equal(sourceAt('s3://bucket').storage.s3?.rootdirectory, '')
  })

  it('are not the same, by whatever name', () => {
    const folder = freshFolder()
    const link = path.join(freshFolder(), 'link')
    fs.symlinkSync(folder, link)
    const bucket = '  s3:\n    bucket: b\n    region: x\n    rootdirectory: /some/prefix/\n'
    for (const [one, other] of [
      [folder, `${folder}/`],
      [folder, link],
      [folder, path.relative('.', folder)],
      [folder, fileFor(link)],
      [fileFor(folder), fileFor(folder)],
      ['s3://b/x', 's3://b/x/'],
      ['s3://b/some/prefix', configurationFile(bucket)],
    ] as const)
      assert.throws(() => placesOf(one, other, { environment }), /^Error: SRC .* and DST .* are the same storage\./)
    assert.ok(placesOf('s3://b/x', 's3://b/y', { environment }))
  })

  it('are places where something can be stored', () => {
    assert.throws(() => sourceAt('/absent'), /^Error: SRC \/absent is not there\. Give a folder/)
    assert.throws(() => targetAt('absent.yml'), /^Error: DST absent\.yml is not there/)
    assert.throws(() => targetAt('docker://example.com/x'), /^Error: DST docker:\/\/example\.com\/x is no storage\./)
    assert.throws(() => targetAt(configurationFile('  inmemory: {}\n')), /stores in memory, which no other process/)
    assert.throws(() => targetAt(configurationFile('  filesytem: {}\n')), /config\.yml:3: .*filesytem/)
  })

  it('may be changed by REGISTRY_STORAGE variables where only one of them is a configuration file', () => {
    const variables = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/data', REGISTRY_HTTP_ADDR: ':5000' }
    const files = [fileFor('/one'), fileFor('/other')] as const
    const { source, target } = placesOf(files[0], '/new', { environment: variables })
    assert.equal(source.storage.filesystem?.rootdirectory, '/data')
    assert.equal(target.storage.filesystem?.rootdirectory, '/new')
    assert.throws(
      () => placesOf(...files, { environment: variables }),
      /^Error: REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY would change both configuration files\./,
    )
    assert.ok(placesOf(...files, { environment: { REGISTRY_HTTP_ADDR: ':5000' } }))
  })
})

describe('the source of a copy', () => {
  it('is refused where there is no registry in it, and nothing is made there', async () => {
    const folder = await folderWithImage()
    const absent = path.join(folder, 'absent')
    await assert.rejects(openSource(sourceAt(fileFor(absent))), /config\.yml: there is no folder .*absent\.$/)
    for (const wrong of [freshFolder(), path.join(folder, 'docker'), path.dirname(configurationFile(''))])
      await assert.rejects(openSource(sourceAt(wrong)), /^Error: SRC .* holds no registry\. Give the folder/)
    assert.deepEqual(fs.readdirSync(folder).sort(), ['.lading-tmp', 'docker'])
    await (await openSource(sourceAt(folder))).close()
  })

  it('is refused where it is an empty bucket, or none', async () => {
    const server = await startFakeS3()
    server.createBucket('empty')
    const file = (bucket: string): string =>
      configurationFile(
        `  s3:\n    bucket: ${bucket}\n    regionendpoint: ${server.endpoint}\n` +
          `    accesskey: ${server.accessKey}\n    secretkey: ${server.secretKey}\n`,
      )
    try {
      await assert.rejects(openSource(sourceAt(file('empty'))), /holds no registry/)
      await assert.rejects(openSource(sourceAt(file('absent'))), /^Error: SRC .*config\.yml: .*NoSuchBucket/)
      await assert.rejects(openTarget(targetAt(file('absent')), false), /^Error: DST .*config\.yml: .*NoSuchBucket/)
    } finally {
      await server.close()
    }
  })
})

describe('the destination of a copy', () => {
  it('is made where it is not there, unless nothing is to be written', async () => {
    const folder = path.join(freshFolder(), 'a', 'b')
    assert.deepEqual(await Array.fromAsync((await openTarget(targetAt(folder), true)).list('')), [])
    assert.equal(fs.existsSync(path.dirname(folder)), false)
    await openTarget(targetAt(folder), false)
    assert.equal(fs.existsSync(folder), true)
  })

  it('loses what a copy that was killed left half-done', async () => {
    const folder = await folderWithImage()
    const leftover = path.join(folder, '.lading-tmp', 'elsewhere~1~abc~1')
    fs.writeFileSync(leftover, 'half of a blob')
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    fs.utimesSync(leftover, longAgo, longAgo)
    await openTarget(targetAt(folder), true)
    assert.equal(fs.existsSync(leftover), true)
    await openTarget(targetAt(folder), false)
    assert.equal(fs.existsSync(leftover), false)
  })
})
