import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { pushIndex } from '../registry/copy/fixtures/trees.ts'
import { app, layer } from '../registry/fixtures/content.ts'
import { openRegistry } from '../registry/fixtures/open-registry.ts'
import { digestOf } from '../registry/digest.ts'
import { blobKey } from '../registry/layout.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { prepareCopying, filesIn, folderWithTree } from './fixtures/copying.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { startProcess } from '../testing/start-process.ts'
import { mainFile } from '../testing/start-server.ts'
import { waitFor } from '../testing/wait-for.ts'

describe('lading copy, while it goes on', () => {
  const { fake, copy, environment, newBucket } = prepareCopying()

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`goes on where a ${signal} stopped it`, async () => {
      const [folder, bucket] = [await folderWithTree(), newBucket()]
      const stalled = Promise.withResolvers<void>()
      fake().fault({ operation: 'PutObject', key: /revisions/, nth: 3 }, { kind: 'stall', until: stalled.promise })
      const args = [mainFile, 'copy', folder, `s3://${bucket}`, '--endpoint', fake().endpoint]
      const running = startProcess([process.execPath, ...args], { ...process.env, ...environment() })
      await waitFor(
        () =>
          fake()
            .keys(bucket)
            .filter((key) => key.includes('revisions')).length > 2 || undefined,
      )
      running.process.kill(signal)
      const end = await running.ended
      stalled.resolve()
      assert.equal(end, signal === 'SIGINT' ? 1 : signal)
      if (signal === 'SIGINT') assert.match(running.stderr(), /^ended by SIGINT\. Run it again: it goes on where/m)
      assert.equal(
        fake()
          .keys(bucket)
          .filter((key) => key.endsWith('current/link')).length,
        0,
      )

      const { code, stdout, stderr } = await copy(folder, `s3://${bucket}`)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /^copied 0 blobs, [1-9]\d* links and 7 tags .*; there already: 12 blobs, [1-9]/)
    })
  }
})

describe('lading copy that copies nothing', () => {
  const { fake, copy, newBucket } = prepareCopying()

  it('--check tells what is missing and different, --deep what is damaged, and nothing is written', async () => {
    const [folder, target] = [await folderWithTree(), path.join(freshFolder(), 'target')]
    assert.equal((await copy(folder, target)).code, 0)
    const driver = await openFilesystemDriver(target)
    const same = await copy(folder, target, '--check', '--deep')
    assert.deepEqual([same.code, same.stderr], [0, ''])
    assert.match(
      same.stdout,
      /; missing or different: 0 blobs, 0 links and 0 tags \(0 B\)\ncomputed the digests of 12 blobs at/,
    )

    const index = await pushIndex(openRegistry(await openFilesystemDriver(folder)), app, 'multi')
    await driver.delete(blobKey(index))
    await driver.write(blobKey(digestOf(layer)), Buffer.from(layer.toString().replace('only', 'onlY')))
    const before = await filesIn(target)
    const shallow = await copy(folder, target, '--check')
    assert.deepEqual([shallow.code, shallow.stderr], [1, `missing: ${blobKey(index)} (${sizeOf(folder, index)} B)\n`])
    const deep = await copy(folder, target, '--check', '--deep', '--json')
    assert.equal(deep.code, 1)
    assert.match(deep.stderr, new RegExp(`^damaged: ${digestOf(layer)} has other bytes at the destination$`, 'm'))
    const { complete, findings } = JSON.parse(deep.stdout) as { complete: boolean; findings: { found: string }[] }
    assert.deepEqual([complete, findings.map(({ found }) => found)], [false, ['missing', 'damaged']])
    assert.deepEqual(await filesIn(target), before)
  })

  it('--dry-run prints what would be copied, and makes not even the folder', async () => {
    const [folder, target] = [await folderWithTree(), path.join(freshFolder(), 'target')]
    const { code, stdout, stderr } = await copy(folder, target, '--dry-run')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^would copy ${blobKey(digestOf(layer))} \\(${layer.length} B\\)$`, 'm'))
    assert.match(
      stdout,
      /^would copy 12 blobs, 28 links and 7 tags \(4\.2 KiB\); there already: 0 blobs, 0 links and 0 tags$/m,
    )
    assert.equal(fs.existsSync(target), false)
    const bucket = newBucket()
    assert.equal((await copy(folder, `s3://${bucket}`, '--dry-run')).code, 0)
    assert.deepEqual(fake().keys(bucket), [])
  })
})

function sizeOf(folder: string, digest: ReturnType<typeof digestOf>): number {
  return fs.statSync(path.join(folder, blobKey(digest))).size
}
