import assert from 'node:assert/strict'
import { openMemoryDriver } from '../memory.ts'
import { addressOf, blobKey, inBucket } from './fixtures/addresses.ts'
import { redirectedTo } from './redirect.ts'

describe('a driver behind redirect', () => {
  it('gives addresses below the base, with any path that it has, also when the storage had none to give', async () => {
    const cases = {
      'http://example.com': `http://example.com/${blobKey}`,
      'https://example.com:5443': `https://example.com:5443/${blobKey}`,
      'https://example.com/': `https://example.com/${blobKey}`,
      'https://example.com/path': `https://example.com/path/${blobKey}`,
      'https://example.com/path/': `https://example.com/path/${blobKey}`,
      'https://[2001:db8::1]:8443/a%20b/': `https://[2001:db8::1]:8443/a%20b/${blobKey}`,
    }
    for (const [baseUrl, address] of Object.entries(cases)) {
      assert.equal(await addressOf(redirectedTo(openMemoryDriver(), baseUrl)), address)
    }
  })

  it('gives the path in the storage, not the key in the bucket, as CNCF distribution does', async () => {
    assert.equal(
      await addressOf(redirectedTo(inBucket('root'), 'https://example.com')),
      `https://example.com/${blobKey}`,
    )
  })

  it('encodes what cannot stand in an address', async () => {
    const driver = redirectedTo(openMemoryDriver(), 'https://example.com')
    assert.equal(await addressOf(driver, '-', 'a b/c?d#e%f'), 'https://example.com/a%20b/c%3Fd%23e%25f')
  })

  it('leaves everything else to the storage', async () => {
    const driver = redirectedTo(openMemoryDriver(), 'https://example.com')
    await driver.write('key', Buffer.from('value'))
    assert.equal((await driver.get('key'))?.bytes.toString(), 'value')
  })
})
