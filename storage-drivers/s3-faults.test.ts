// The driver on an S3 that is slow, silent, or says no.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createBucket } from './s3/bucket.ts'
import type { ListOptions, StorageDriver } from './driver.ts'
import { shortTimes, startFakeStore, type FakeStore } from './s3/fixtures/fake-store.ts'
import { s3OptionsFor } from './s3/fixtures/s3-options.ts'
import type { S3Answer, S3Request } from './s3/transport.ts'
import type { Operation } from '../testing/fake-s3/start-fake-s3.ts'
import { bytesOf, inChunks, listed } from './contract/streams-in-tests.ts'

const never = new Promise<void>(() => {})
const mebibyte = 1024 * 1024

describe('the S3 driver', () => {
  let store: FakeStore

  beforeEach(async () => {
    store = await startFakeStore({ pageSize: 10 })
  })
  afterEach(() => store.close())

  const impatient = (): Promise<StorageDriver> => store.open({}, { times: shortTimes })

  describe('where S3 falls silent', () => {
    const calls: [string, Operation, (driver: StorageDriver) => Promise<unknown>, unknown][] = [
      ['stat', 'HeadObject', async (driver) => (await driver.stat('a/key'))?.size, 5],
      ['get', 'GetObject', async (driver) => (await driver.get('a/key'))?.bytes.toString(), 'bytes'],
      ['read', 'GetObject', async (driver) => (await bytesOf(driver, 'a/key')).toString(), 'bytes'],
      ['write', 'PutObject', (driver) => driver.write('a/key', Buffer.from('new')), true],
      ['write ifAbsent', 'PutObject', (driver) => driver.write('b/key', Buffer.from('new'), { ifAbsent: true }), true],
      ['delete', 'DeleteObject', (driver) => driver.delete('a/key'), undefined],
      ['deleteAll', 'DeleteObjects', (driver) => driver.deleteAll('a/'), undefined],
      ['list', 'ListObjectsV2', (driver) => listed(driver.list('a/')), ['a/key', 'a/other']],
      ['ping', 'ListObjectsV2', (driver) => driver.ping(), undefined],
    ]
    for (const [name, operation, call, expected] of calls) {
      it(`${name} asks again, and succeeds`, async () => {
        const driver = await impatient()
        store.server.put(store.bucket, 'a/key', 'bytes')
        store.server.put(store.bucket, 'a/other', 'bytes')
        store.server.fault({ operation }, { kind: 'stall', until: never })
        // Done, but without a word: what it would say the second time is not the answer to the first.
        store.server.fault({ operation }, { kind: 'stall', until: never, afterBody: true })
        assert.deepEqual(await call(driver), expected)
      })
    }

    it('a download on a kept connection asks again at once: not on every connection that it has kept', async () => {
      const driver = await impatient()
      store.server.put(store.bucket, 'a/key', 'bytes')
      await Promise.all(Array.from({ length: 10 }, () => bytesOf(driver, 'a/key')))
      store.server.fault({ operation: 'GetObject', times: 2 }, { kind: 'stall', until: never })
      const started = performance.now()
      assert.equal((await bytesOf(driver, 'a/key')).toString(), 'bytes')
      assert.ok(performance.now() - started < 5 * shortTimes.mostSilenceMs)
    })

    it('it gives up in the end: the storage is busy', async () => {
      const driver = await impatient()
      store.server.fault({ operation: 'HeadObject', times: 6 }, { kind: 'stall', until: never })
      await assert.rejects(driver.stat('a/key'), { storageFailure: 'busy', message: /was silent for/ })
    })

    it('a large body that S3 does not take in is given up too', async () => {
      const driver = await impatient()
      store.server.fault({ operation: 'PutObject', times: 6 }, { kind: 'stall', until: never })
      const bytes = Buffer.alloc(20 * mebibyte)
      const known = { length: bytes.length, sha256: 'a'.repeat(64) }
      await assert.rejects(driver.writeStream('a/key', inChunks(bytes), known), { storageFailure: 'busy' })
    })

    it('one that is only slow is waited for', async () => {
      const driver = await impatient()
      store.server.put(store.bucket, 'a/key', Buffer.alloc(1000, 'x'))
      for (const operation of ['GetObject', 'ListObjectsV2'] as const)
        store.server.fault({ operation }, { kind: 'slow-answer', bytesPerSecond: 1000 })
      const [bytes, keys] = await Promise.all([bytesOf(driver, 'a/key'), listed(driver.list('a/'))])
      assert.deepEqual([bytes.length, keys, store.server.requests.length], [1000, ['a/key'], 2])
    })
  })

  describe('where S3 fails in the middle of a list', () => {
    const names = Array.from({ length: 35 }, (_, index) => `l/${String(index).padStart(2, '0')}`)
    const lists: [string, ListOptions, string][] = [
      ['keys', {}, ''],
      ['folded', { delimiter: '/' }, '/'],
      ['folded with what they hold', { delimiter: '/', holding: 'k' }, '/'],
    ]
    for (const [what, options, end] of lists) {
      it(`a list of ${what} is whole, or an error: never short`, async () => {
        const driver = await store.open()
        for (const name of names) store.server.put(store.bucket, end === '' ? name : `${name}/k`, 'x')
        const expected = names.map((name) => name + end)
        assert.deepEqual(await listed(driver.list('l/', options)), expected)
        const cut = { kind: 'cut-answer', afterBytes: 300 } as const
        store.server.fault({ operation: 'ListObjectsV2', nth: 3, times: 2 }, cut)
        assert.deepEqual(await listed(driver.list('l/', options)), expected)
        store.server.fault({ operation: 'ListObjectsV2', nth: 2, times: 6 }, cut)
        await assert.rejects(listed(driver.list('l/', options)), { storageFailure: 'busy' })
      })
    }
  })

  describe('where S3 forgets a multipart upload as soon as it is complete, and its answer is lost', () => {
    function forgetsOnce(key: RegExp): void {
      const complete = { operation: 'CompleteMultipartUpload', key } as const
      store.server.fault(complete, { kind: 'lost-answer' })
      store.server.fault(complete, { kind: 'answer', status: 404, code: 'NoSuchUpload' })
    }
    const bytes = randomBytes(12 * mebibyte)
    const options = { partBytes: 5 * mebibyte, copyPartBytes: 5 * mebibyte, copyThresholdBytes: mebibyte }

    it('a stream to a key succeeds', async () => {
      const driver = await store.open(options)
      forgetsOnce(/key/)
      await driver.writeStream('key', inChunks(bytes))
      assert.ok((await bytesOf(driver, 'key')).equals(bytes))
      assert.deepEqual(store.server.openUploads(store.bucket), [])
    })

    it('an upload is committed: its own parts, and those of the copy', async () => {
      for (const where of [/data/, /blob/]) {
        const driver = await store.open(options)
        const staged = driver.stage({ begun: 'u/begun', data: 'u/data', note: 'u/note' })
        await staged.begin('2026-11-21T09:28:48Z', '')
        await staged.append(inChunks(bytes), { note: () => '' })
        await staged.save('')
        await driver.delete('blob')
        forgetsOnce(where)
        await staged.commit('blob')
        await staged.discard()
        assert.ok((await bytesOf(driver, 'blob')).equals(bytes))
        assert.deepEqual(store.server.openUploads(store.bucket), [])
      }
    })
  })

  describe('deletes what S3 could not delete together with the rest one by one', () => {
    const deleting = (failed: string[]) => {
      const sent: S3Request[] = []
      const answer: S3Answer = {
        status: 200,
        headers: {},
        body: Buffer.from(
          `<?xml version="1.0"?><DeleteResult>${failed.map((key) => `<Error><Key>${key}</Key><Code>SlowDown</Code></Error>`).join('')}</DeleteResult>`,
        ),
      }
      const send = async (request: S3Request): Promise<S3Answer> => {
        sent.push(request)
        return answer
      }
      const transport = { send, open: never, stream: never, address: never, close: () => {} } as never
      return { sent, bucket: createBucket(transport, s3OptionsFor(store.server, 'bucket', { rootDirectory: 'root' })) }
    }

    it('those alone', async () => {
      const { sent, bucket } = deleting(['root/b', 'root/d'])
      await bucket.deleteAll(['a', 'b', 'c', 'd'])
      assert.deepEqual(
        sent.map(({ method, key }) => `${method} ${key}`),
        ['POST ', 'DELETE root/b', 'DELETE root/d'],
      )
    })

    it('and nothing that it was not asked to', async () => {
      for (const strange of ['', 'elsewhere', 'root/z']) {
        const { sent, bucket } = deleting([strange])
        await assert.rejects(bucket.deleteAll(['a', 'b']))
        assert.equal(sent.length, 1)
      }
    })
  })

  describe('says in a sentence why it cannot be used', () => {
    const refusals: [string, object, RegExp][] = [
      ['a wrong secret', { secretKey: 'wrong' }, /403 SignatureDoesNotMatch: .*signature/],
      ['an unknown key', { accessKey: 'unknown' }, /403 InvalidAccessKeyId: .*does not exist/],
      ['a bucket that does not exist', { bucket: 'missing' }, /404 NoSuchBucket: .*bucket does not exist/],
      ['a wrong region', { region: 'eu-west-9' }, /400 AuthorizationHeaderMalformed: .*expecting 'us-east-1'/],
      ['nobody at the address', { endpoint: 'http://127.0.0.1:1' }, /S3 cannot be reached: .*ECONNREFUSED/],
    ]
    for (const [what, changes, sentence] of refusals) {
      it(`${what}, when it is opened`, () => assert.rejects(store.open(changes), { message: sentence }))
    }

    it('a bucket that it may not write to, when it is opened', async () => {
      store.server.fault({ operation: 'PutObject' }, { kind: 'answer', status: 403, code: 'AccessDenied' })
      await assert.rejects(store.open(), { message: /403 AccessDenied/ })
    })

    it('a permission that is taken away later: the storage is denied', async () => {
      const driver = await store.open()
      store.server.fault({ times: 9 }, { kind: 'answer', status: 403, code: 'AccessDenied' })
      const denied = { storageFailure: 'denied' }
      await assert.rejects(driver.write('a/key', Buffer.from('x')), denied)
      await assert.rejects(driver.stat('a/key'), denied)
      await assert.rejects(listed(driver.list('a/')), denied)
      await assert.rejects(driver.deleteAll('a/'), denied)
    })
  })
})
