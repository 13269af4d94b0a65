import assert from 'node:assert/strict'
import { describeStorageDriver } from './contract.ts'
import { openFilesystemDriver } from './filesystem.ts'
import { freshFolder } from '../testing/fresh-folder.ts'

describeStorageDriver('filesystem', () => openFilesystemDriver(freshFolder()), { sends: true })

describe('what the filesystem driver remembers', () => {
  it('keeps no more memory than its own bytes', async () => {
    const driver = await openFilesystemDriver(freshFolder())
    await driver.write('link', Buffer.from('sha256:…'))
    const { bytes } = (await driver.get('link')) ?? assert.fail()
    assert.equal(bytes.buffer.byteLength, bytes.length)
    await driver.close()
  })
})
