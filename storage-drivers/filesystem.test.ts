import assert from 'node:assert/strict'
import { describeStorageDriver } from './contract.ts'
import { openFilesystemDriver } from './filesystem.ts'
import type { Batches } from './driver.ts'
import { freshFolder } from '../testing/fresh-folder.ts'

describeStorageDriver('filesystem', () => openFilesystemDriver(freshFolder()), { sends: true })

const keys = { begun: 'up/startedat', data: 'up/data', note: 'up/state' }

describe('an upload to the filesystem driver', () => {
  it('frees the memory of each piece that is written, and of no other', async () => {
    const driver = await openFilesystemDriver(freshFolder())
    const ofOne = Buffer.alloc(100_000, 1)
    const shared = Buffer.alloc(10, 2).subarray(2, 4)
    async function* body(): Batches {
      yield [ofOne, shared]
    }
    assert.equal(await driver.stage(keys).append(body(), { note: () => '' }), 100_002)
    assert.equal(ofOne.length, 0)
    assert.deepEqual([...shared], [2, 2])
    await driver.close()
  })
})

describe('what the filesystem driver remembers', () => {
  it('keeps no more memory than its own bytes', async () => {
    const driver = await openFilesystemDriver(freshFolder())
    await driver.write('link', Buffer.from('sha256:…'))
    const { bytes } = (await driver.get('link')) ?? assert.fail()
    assert.equal(bytes.buffer.byteLength, bytes.length)
    await driver.close()
  })
})
