import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { nested, pushLargeImage, writeTree } from '../registry/copy/fixtures/trees.ts'
import { app, imageBytes, layer, pushImage } from '../registry/fixtures/content.ts'
import { openRegistry } from '../registry/fixtures/open-registry.ts'
import { digestOf } from '../registry/digest.ts'
import { blobKey, blobsPrefix } from '../registry/layout.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { prepareCopying, filesIn, folderWithTree } from './fixtures/copying.ts'
import { exchange } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { getBlob } from '../testing/push.ts'
import { runLading } from '../testing/run-lading.ts'
import { startServer } from '../testing/start-server.ts'

const mebibyte = 1024 * 1024

describe('lading copy', () => {
  const { fake, copy, newBucket } = prepareCopying()

  it('moves a folder to a bucket, and the bucket to a folder that is not there yet, which then serves all of it', async () => {
    const folder = await folderWithTree()
    await pushLargeImage(openRegistry(await openFilesystemDriver(folder)), nested, 2 * mebibyte, 'large')
    const bucket = newBucket()
    const out = await copy(folder, `s3://${bucket}/registry`)
    assert.deepEqual([out.code, out.stderr], [0, ''], out.stderr)
    assert.match(
      out.stdout,
      /^copied 14 blobs, 31 links and 8 tags \(2\.0 MiB\) in [\d.]+ s; there already: 0 blobs, 0 links and 0 tags$/m,
    )
    assert.ok(
      fake()
        .keys(bucket)
        .every((key) => key.startsWith('registry/')),
    )

    const target = path.join(freshFolder(), 'new')
    const back = await copy(`s3://${bucket}/registry/`, target, '--json', '--jobs', '3')
    assert.equal(back.code, 0, back.stderr)
    const { blobs, tags, links, ...rest } = JSON.parse(back.stdout) as Record<string, object>
    const copiedBytes = blobBytesIn(target)
    assert.deepEqual(
      { blobs, links, tags },
      {
        blobs: { copied: 14, present: 0, copiedBytes },
        links: { copied: 31, present: 0 },
        tags: { copied: 8, present: 0 },
      },
    )
    assert.deepEqual(
      { ...rest, seconds: 0 },
      {
        mode: 'copy',
        source: `s3://${bucket}/registry/`,
        destination: target,
        digests: 0,
        leftOut: 0,
        complete: true,
        problems: 0,
        findings: [],
        seconds: 0,
      },
    )
    const [before, after] = [await filesIn(folder), await filesIn(target)]
    for (const key of Object.keys(before)) if (/_uploads|hidden|replicas|probes/.test(key)) delete before[key]
    assert.deepEqual(after, before)

    const server = await startServer({ storage: 'filesystem', root: target, workers: 1 })
    try {
      const image = await exchange(server, { path: '/v2/team/app/manifests/latest' })
      assert.deepEqual(image.body, imageBytes({ annotations: { name: 'subject' } }))
      const large = await exchange(server, { path: '/v2/team/app/nested/manifests/large' })
      const { layers } = JSON.parse(large.body.toString()) as { layers: [{ digest: string }] }
      const blob = await getBlob(server, 'team/app/nested', layers[0].digest)
      assert.deepEqual([digestOf(blob.body), blob.body.length], [layers[0].digest, 2 * mebibyte])
    } finally {
      await server.stop()
    }
  })

  it('takes configuration files, and again copies what is new, beside the registry that is served', async () => {
    const [folder, bucket] = [freshFolder(), newBucket()]
    const server = await startServer({ storage: 'filesystem', root: folder, workers: 1 })
    try {
      const driver = await openFilesystemDriver(folder)
      await writeTree(driver)
      const source = configurationFile(`  filesystem:\n    rootdirectory: ${folder}\n`)
      const target = configurationFile(
        `  s3:\n    bucket: ${bucket}\n    regionendpoint: ${fake().endpoint}\n    rootdirectory: /x\n` +
          `    accesskey: ${fake().accessKey}\n    secretkey: ${fake().secretKey}\n`,
      )
      assert.equal((await runLading(['copy', source, target])).code, 0)
      const keys = fake().keys(bucket)
      await pushImage(openRegistry(driver), app, 'new', 'latest')
      fake().forget()
      const { code, stdout, stderr } = await runLading(['copy', source, target])
      assert.equal(code, 0, stderr)
      assert.match(
        stdout,
        /^copied 1 blob, 2 links and 1 tag \(428 B\) in .*; there already: 12 blobs, 28 links and 6 tags$/m,
      )
      const written = fake()
        .requests.filter(({ operation }) => operation === 'PutObject')
        .map(({ key }) => key)
      assert.equal(written.filter((key) => !key.includes('/probes/')).length, 4)
      assert.equal(fake().keys(bucket).length, keys.length + 3)
    } finally {
      await server.stop()
    }
  })

  it('reads a bucket that it may not write to', async () => {
    const [folder, bucket] = [await folderWithTree(), newBucket()]
    assert.equal((await copy(folder, `s3://${bucket}`)).code, 0)
    fake().forget()
    assert.equal((await copy(`s3://${bucket}`, freshFolder())).code, 0)
    const reading = new Set(['GetObject', 'HeadObject', 'ListObjectsV2'])
    assert.deepEqual(
      fake().requests.filter(({ operation }) => !reading.has(operation)),
      [],
    )
  })

  it('names a damaged blob and the tags that need it, brings the rest, and ends with code 1', async () => {
    const [folder, target] = [await folderWithTree(), freshFolder()]
    const file = path.join(folder, blobKey(digestOf(layer)))
    fs.writeFileSync(file, 'rotten')
    const { code, stdout, stderr } = await copy(folder, target)
    assert.equal(code, 1)
    const digest = digestOf(layer)
    assert.match(stderr, new RegExp(`^damaged: ${digest} has other bytes at the source; it was not copied$`, 'm'))
    assert.match(stderr, new RegExp(`^incomplete: team/app:latest was not copied, since it needs ${digest}$`, 'm'))
    assert.match(stdout, /^7 problems, named above$/m)
    assert.ok(Object.keys(await filesIn(target)).length > 10)
  })

  it('refuses what makes no sense with a sentence, and code 1', async () => {
    const folder = freshFolder()
    const refused: [string[], RegExp][] = [
      [[folder, folder], /^SRC .* and DST .* are the same storage\./],
      [[folder, path.join(folder, 'new')], /^SRC .* holds no registry\./],
      [['a', 'b', '--deep'], /^--deep belongs to --check/],
      [['a', 'b', '--check', '--dry-run'], /^--check and --dry-run both copy nothing/],
    ]
    const outcomes = await Promise.all(refused.map(([args]) => runLading(['copy', ...args])))
    for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
      assert.deepEqual([code, stdout], [1, ''], stderr)
      assert.match(stderr, refused[index]?.[1] ?? /^$/)
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
    }
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  it('ends with code 2 where the command line is wrong', async () => {
    const wrong = [['a'], ['a', 'b', '--jobs', '0'], ['a', 'b', '--jobs', '1000'], ['a', 'b', '--delete-extra']]
    for (const { code, stderr } of await Promise.all(wrong.map((args) => runLading(['copy', ...args])))) {
      assert.equal(code, 2)
      assert.match(stderr, /^error: /)
    }
  })

  it('stops at a destination that may not be written to, and says which', async () => {
    const folder = await folderWithTree()
    const bucket = newBucket()
    fake().fault({ operation: 'PutObject', key: /current/ }, { kind: 'answer', status: 403, code: 'AccessDenied' })
    const { code, stderr, stdout } = await copy(folder, `s3://${bucket}`, '--json')
    assert.equal(code, 1)
    assert.match(stderr, /AccessDenied.*Run it again: it goes on where it stopped\.$/m)
    const { complete, failure } = JSON.parse(stdout) as { complete: boolean; failure: string }
    assert.equal(complete, false)
    assert.match(failure, /AccessDenied/)
  })
})

function configurationFile(storage: string): string {
  const file = path.join(freshFolder(), 'config.yml')
  fs.writeFileSync(file, `version: 0.1\nstorage:\n${storage}`)
  return file
}

function blobBytesIn(folder: string): number {
  const names = fs.readdirSync(folder, { recursive: true }) as string[]
  const blobs = names.filter((name) => name.startsWith(blobsPrefix) && name.endsWith('/data'))
  return blobs.reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0)
}
