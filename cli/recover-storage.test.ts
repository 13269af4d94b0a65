import assert from 'node:assert/strict'
import { recordingLog } from '../registry/fixtures/open-registry.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { recoverStorage } from './storage.ts'

describe('recovery of the storage', () => {
  it('that fails is told in the log, and the registry serves all the same', async () => {
    const { log, logged } = recordingLog()
    const recover = () => Promise.reject(new Error('spawn sync ENOENT'))
    await recoverStorage({ ...openMemoryDriver(), recover }, log)
    assert.match(JSON.stringify(logged), /spawn sync ENOENT/)
  })
})
