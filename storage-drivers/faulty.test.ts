import assert from 'node:assert/strict'
import { Writable, type Readable } from 'node:stream'
import { freshFolder } from '../testing/fresh-folder.ts'
import type { Batches } from './driver.ts'
import { describeStorageDriver } from './contract.ts'
import { Crash, faulty, type FaultyDriver } from './faulty.ts'
import { openFilesystemDriver } from './filesystem.ts'
import { openMemoryDriver } from './memory.ts'
import { StorageError } from './storage-error.ts'

describeStorageDriver('faulty, as long as nothing is asked of it', async () => faulty(openMemoryDriver()))

const keys = { begun: 'up/startedat', data: 'up/data', note: 'up/state' }
const context = { note: () => '' }

describe('a faulty driver', () => {
  const full = new StorageError('full', 'no space left')
  let storage: FaultyDriver

  beforeEach(() => {
    storage = faulty(openMemoryDriver())
  })

  it('fails the nth call of a kind, without effect, and no other', async () => {
    storage.fail({ action: 'write', nth: 2, key: /link$/ }, full)
    await storage.write('a/link', Buffer.from('1'))
    await storage.write('a/data', Buffer.from('1'))
    await storage.stat('a/link')
    await assert.rejects(storage.write('b/link', Buffer.from('2')), full)
    await storage.write('c/link', Buffer.from('3'))
    assert.deepEqual(await Array.fromAsync(storage.list('')), ['a/data', 'a/link', 'c/link'])
  })

  it('counts each value that is written in order, and keeps those before the one that fails', async () => {
    storage.fail({ action: 'write', nth: 3 }, full)
    const entries = ['1', '2', '3', '4'].map((key) => ({ key, bytes: Buffer.from(key) }))
    await assert.rejects(storage.writeInOrder(entries), full)
    assert.deepEqual(await Array.fromAsync(storage.list('')), ['1', '2'])
  })

  it('records the calls, those on staged uploads too', async () => {
    await storage.write('k', Buffer.from('1'))
    storage.forget()
    const staged = storage.stage(keys)
    await staged.append(chunks('a', 'b'), context)
    await staged.commit('final')
    await Array.fromAsync(storage.list('up/'))
    assert.deepEqual(storage.calls, [
      { action: 'staged.append', key: 'up/data' },
      { action: 'staged.commit', key: 'up/data' },
      { action: 'list', key: 'up/' },
    ])
  })

  it('stalls a call until it is released', async () => {
    const stall = storage.stall({ action: 'write' })
    const writing = storage.write('k', Buffer.from('1'))
    await stall.reached
    assert.equal(await storage.get('k'), undefined)
    stall.release()
    assert.equal(await writing, true)
    assert.equal((await storage.get('k'))?.bytes.toString(), '1')
  })

  it('cuts streams in both directions after so many bytes', async () => {
    await storage.write('k', Buffer.from('abcdef'))
    storage.cut({ action: 'read' }, 4)
    assert.deepEqual(await readUntilFailure(await storage.read('k')), { text: 'abcd', message: 'the stream was cut' })

    storage.cut({ action: 'staged.append' }, 3, full)
    const staged = storage.stage(keys)
    await assert.rejects(staged.append(chunks('ab', 'cd', 'ef'), context), full)
    assert.deepEqual(await readUntilFailure(await staged.read()), { text: 'abc', message: undefined })
  })

  it('cuts what it sends to a socket', async () => {
    const onDisk = faulty(await openFilesystemDriver(freshFolder()))
    await onDisk.write('k', Buffer.from('abcdef'))
    onDisk.cut({ action: 'sendTo' }, 2)
    const received: Buffer[] = []
    const target = new Writable({
      write: (chunk: Buffer, _, done) => {
        received.push(Buffer.from(chunk))
        done()
      },
    })
    await assert.rejects(Promise.resolve(onDisk.sendTo?.('k', { start: 1, end: 5 }, target)), /cut/)
    assert.equal(Buffer.concat(received).toString(), 'bc')
  })

  it('is dead for every call after a crash, whatever it was asked before', async () => {
    await storage.write('k', Buffer.from('1'))
    const staged = storage.stage(keys)
    storage.crash({ nth: 2 })
    await staged.append(chunks('a'), context)
    await assert.rejects(storage.write('k', Buffer.from('2')), Crash)
    assert.equal(storage.hasCrashed(), true)
    for (const call of [
      storage.stat('k'),
      storage.get('k'),
      storage.read('k'),
      storage.delete('k'),
      storage.deleteAll('up/'),
      staged.begin('', ''),
      staged.find(),
      staged.save(''),
      storage.writeStream('k', chunks('a')),
      staged.append(chunks('b'), context),
      staged.read(),
      staged.commit('k'),
      staged.discard(),
      Array.fromAsync(storage.list('')),
    ]) {
      await assert.rejects(call, Crash)
    }
  })

  it('can die in the middle of a call', async () => {
    const beneath = openMemoryDriver()
    const dying = faulty(beneath)
    dying.crash({ action: 'staged.append' }, 3)
    await assert.rejects(dying.stage(keys).append(chunks('ab', 'cd'), context), Crash)
    assert.equal((await beneath.get('up/data'))?.bytes.toString(), 'abc')

    for (const key of ['f/1', 'f/2', 'f/3']) await beneath.write(key, Buffer.from(key))
    const dyingAgain = faulty(beneath)
    dyingAgain.crash({ action: 'deleteAll' }, 0)
    await assert.rejects(dyingAgain.deleteAll('f/'), Crash)
    assert.deepEqual(await Array.fromAsync(beneath.list('f/')), ['f/2'])
  })
})

async function* chunks(...texts: string[]): Batches {
  for (const text of texts) yield [Buffer.from(text)]
}

async function readUntilFailure(stream: Readable | undefined): Promise<{ text: string; message: string | undefined }> {
  const read: Buffer[] = []
  try {
    for await (const chunk of stream ?? []) read.push(chunk as Buffer)
    return { text: Buffer.concat(read).toString(), message: undefined }
  } catch (error) {
    return { text: Buffer.concat(read).toString(), message: (error as Error).message }
  }
}
