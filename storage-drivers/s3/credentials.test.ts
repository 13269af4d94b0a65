// Credentials that live shorter than the process, from the places where the AWS SDK looks for them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { bytesOf, hashOf, inChunks, listed } from '../contract/streams-in-tests.ts'
import type { StorageDriver } from '../driver.ts'
import { startFakeStore, type FakeStore } from './fixtures/fake-store.ts'

const mebibyte = 1024 * 1024
const bytes = randomBytes(30 * mebibyte)
const names = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
].concat(
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_EC2_METADATA_DISABLED',
)

describe('credentials of S3 that expire', () => {
  const environment = { ...process.env }
  let store: FakeStore
  let keys = 0
  let source: http.Server | undefined

  beforeEach(async () => {
    store = await startFakeStore()
    for (const name of names) delete process.env[name]
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
    const absent = path.join(freshFolder(), 'absent')
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = absent
    process.env['AWS_CONFIG_FILE'] = absent
  })
  afterEach(async () => {
    source?.close()
    source = undefined
    for (const name of names) {
      if (environment[name] === undefined) delete process.env[name]
      else process.env[name] = environment[name]
    }
    await store.close()
  })

  const open = (): Promise<StorageDriver> => store.open({ accessKey: undefined, secretKey: undefined })

  /** S3 refuses the old pair from now on. */
  function renew(): void {
    store.server.expireCredentials()
    store.server.accept(`key-${++keys}`, `secret-${keys}`)
  }

  /** What hands them out; each answer has the pair of the day. */
  async function startSource(lifetimeMs: number): Promise<{ asked: () => number; close: () => void }> {
    let asked = 0
    const server = (source = http.createServer((_, response) => {
      asked++
      const { accessKey, secretKey } = store.server
      const Expiration = new Date(Date.now() + lifetimeMs).toISOString()
      response.end(JSON.stringify({ AccessKeyId: accessKey, SecretAccessKey: secretKey, Token: 'token', Expiration }))
    }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `http://127.0.0.1:${port}/credentials`
    return { asked: () => asked, close: () => void server.close() }
  }

  const calls: [string, (driver: StorageDriver) => Promise<unknown>][] = [
    ['looks', (driver) => driver.stat('key')],
    ['reads', (driver) => bytesOf(driver, 'key')],
    ['gets', (driver) => driver.get('key')],
    ['writes', (driver) => driver.write('key', Buffer.from('x'))],
    ['lists', (driver) => listed(driver.list(''))],
    [
      'streams',
      (driver) => driver.writeStream('key', inChunks(bytes), { length: bytes.length, sha256: hashOf(bytes) }),
    ],
  ]
  for (const [what, call] of calls) {
    it(`are renewed when S3 refuses them: who ${what} then does not notice`, async () => {
      const { asked } = await startSource(3_600_000)
      const driver = await open()
      store.server.put(store.bucket, 'key', 'bytes')
      const before = asked()
      renew()
      await call(driver)
      assert.equal(asked(), before + 1)
    })
  }

  it('are renewed in the middle of an upload, as often as need be', async () => {
    await startSource(3_600_000)
    const driver = await open()
    const staged = driver.stage({ begun: 'u/begun', data: 'u/data', note: 'u/note' })
    await staged.begin('2026-11-21T09:28:48Z', '')
    async function* body() {
      let arrived = 0
      for await (const batch of inChunks(bytes)) {
        yield batch
        if (++arrived % 50 === 0) renew()
      }
    }
    assert.equal(await staged.append(body(), { note: () => 'note' }), bytes.length)
    renew()
    await staged.save('note')
    renew()
    await staged.commit('key')
    await staged.discard()
    assert.ok((await bytesOf(driver, 'key')).equals(bytes))
  })

  it('of many requests at once are asked for once', async () => {
    const { asked } = await startSource(3_600_000)
    const driver = await open()
    const before = asked()
    renew()
    await Promise.all(Array.from({ length: 50 }, (_, index) => driver.write(`key-${index}`, Buffer.from('x'))))
    assert.ok(asked() - before <= 2, `${asked() - before} times`)
  })

  it('in a file are read again: somebody else has written new ones there', async () => {
    const file = path.join(freshFolder(), 'credentials')
    const write = (): void => {
      const { accessKey, secretKey } = store.server
      fs.writeFileSync(file, `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`)
    }
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = file
    write()
    const driver = await open()
    renew()
    await assert.rejects(driver.write('key', Buffer.from('x')), { storageFailure: 'denied', message: /ExpiredToken/ })
    write()
    assert.equal(await driver.write('key', Buffer.from('x')), true)
    renew()
    write()
    assert.equal((await driver.stat('key'))?.size, 1)
  })

  it('and cannot be renewed: the storage is denied, and says why', async () => {
    const { close } = await startSource(3_600_000)
    const driver = await open()
    close()
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = 'http://127.0.0.1:1/credentials'
    renew()
    await assert.rejects(driver.write('key', Buffer.from('x')), { storageFailure: 'denied' })
  })

  it('and are nowhere to be found: it does not open, and says so', async () => {
    await assert.rejects(open(), /no credentials for S3 could be had: Could not load credentials/)
  })
})
