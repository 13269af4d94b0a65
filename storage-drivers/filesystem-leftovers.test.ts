import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { freshFolder } from '../testing/fresh-folder.ts'
import { cutAfter, inChunks } from './contract/streams-in-tests.ts'
import type { Batches } from './driver.ts'
import { openFilesystemDriver } from './filesystem.ts'

const host = os.hostname().replace(/[^A-Za-z0-9.-]/g, '_')

describe('a filesystem driver that recovers', () => {
  let root: string
  let temp: string

  beforeEach(() => {
    root = freshFolder()
    temp = path.join(root, '.lading-tmp')
    fs.mkdirSync(temp)
  })

  it('removes what dead processes left half-written, also one that had its own process id', async () => {
    const dead = 2 ** 22 + 1
    for (const name of [`${host}~${dead}~aaaa~1`, `${host}~${process.pid}~bbbb~1`])
      fs.writeFileSync(path.join(temp, name), 'x')
    fs.mkdirSync(path.join(temp, `${host}~${dead}~aaaa~2`, 'deep'), { recursive: true })
    await (await openFilesystemDriver(root)).recover?.()
    assert.deepEqual(fs.readdirSync(temp), [])
  })

  it('leaves what a living process or another machine is writing, unless it is older than an hour', async () => {
    const names = [`${host}~${process.ppid}~aaaa~1`, 'another-machine~1~aaaa~1']
    for (const name of names) fs.writeFileSync(path.join(temp, name), 'x')
    await (await openFilesystemDriver(root)).recover?.()
    assert.deepEqual(fs.readdirSync(temp), names.sort())
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    for (const name of names) fs.utimesSync(path.join(temp, name), longAgo, longAgo)
    await (await openFilesystemDriver(root)).recover?.()
    assert.deepEqual(fs.readdirSync(temp), [])
  })

  it('makes its folder, and refuses a path that is a file', async () => {
    await openFilesystemDriver(path.join(root, 'a/b/c'))
    assert.equal(fs.statSync(path.join(root, 'a/b/c')).isDirectory(), true)
    fs.writeFileSync(path.join(root, 'file'), '')
    await assert.rejects(openFilesystemDriver(path.join(root, 'file')), /file is not a folder/)
  })
})

describe('a filesystem driver', () => {
  it('tidies away folders that hold no file, and only those', async () => {
    const root = freshFolder()
    const driver = await openFilesystemDriver(root)
    await driver.write('up/1/a/data', Buffer.from('x'))
    for (const folder of ['up/1/b', 'up/2/c/d', 'other/3']) fs.mkdirSync(path.join(root, folder), { recursive: true })
    await driver.tidy?.('up/')
    await driver.tidy?.('absent/')
    assert.deepEqual(fs.readdirSync(path.join(root, 'up'), { recursive: true }), ['1', '1/a', '1/a/data'])
    assert.ok(fs.existsSync(path.join(root, 'other/3')))
  })

  it('leaves nothing of a stream that failed, and the folder to the others', async () => {
    const root = freshFolder()
    const driver = await openFilesystemDriver(root)
    await assert.rejects(driver.writeStream('k', cutAfter(Buffer.from('bytes'))), /cut/)
    assert.deepEqual(fs.readdirSync(root, { recursive: true }), ['.lading-tmp'])
  })

  it('keeps a stream out of sight until it has ended', async () => {
    const root = freshFolder()
    const driver = await openFilesystemDriver(root)
    async function* body(): Batches {
      yield* inChunks(Buffer.from('bytes'))
      assert.deepEqual(fs.readdirSync(root), ['.lading-tmp'])
    }
    await driver.writeStream('k', body())
    assert.deepEqual(fs.readdirSync(root), ['.lading-tmp', 'k'])
    assert.deepEqual(fs.readdirSync(path.join(root, '.lading-tmp')), [])
  })

  it('leaves no temporary file behind, and lists none', async () => {
    const root = freshFolder()
    const driver = await openFilesystemDriver(root)
    await driver.write('a/link', Buffer.from('1'))
    await driver.write('a/link', Buffer.from('2'), { ifAbsent: true })
    const version = (await driver.get('a/link'))?.version ?? ''
    await driver.write('a/link', Buffer.from('3'), { ifMatch: version })
    await driver.write('a/link', Buffer.from('4'), { ifMatch: version })
    await driver.writeInOrder(['b', 'c'].map((key) => ({ key, bytes: Buffer.from(key) })))
    await driver.stage({ begun: 'up/startedat', data: 'up/data', note: 'up/state' }).commit('d')
    await driver.deleteAll('a/')
    assert.deepEqual(fs.readdirSync(path.join(root, '.lading-tmp')), [])
    assert.deepEqual(await Array.fromAsync(driver.list('')), ['b', 'c', 'd'])
    await assert.rejects(driver.write('.lading-tmp/x', Buffer.from('x')), /holds no keys/)
  })

  it('sees at once what another process writes, removes or replaces', async () => {
    const root = freshFolder()
    const [first, second] = [await openFilesystemDriver(root), await openFilesystemDriver(root)]
    for (let round = 0; round < 50; round++) {
      await first.write('k/link', Buffer.from(`round ${round}`))
      assert.equal((await second.get('k/link'))?.bytes.toString(), `round ${round}`)
      assert.deepEqual(await Array.fromAsync(second.list('k/')), ['k/link'])
      await first.delete('k/link')
      assert.equal(await second.get('k/link'), undefined)
      assert.deepEqual(await Array.fromAsync(second.list('k/')), [])
    }
  })

  it('removes the folders that a delete leaves empty, and never its root', async () => {
    const root = freshFolder()
    const driver = await openFilesystemDriver(root)
    await driver.write('a/b/c/link', Buffer.from('1'))
    await driver.delete('a/b/c/link')
    assert.deepEqual(fs.readdirSync(root), ['.lading-tmp'])
    await driver.write('link', Buffer.from('1'))
    await driver.delete('link')
    assert.equal(fs.existsSync(root), true)
  })
})
