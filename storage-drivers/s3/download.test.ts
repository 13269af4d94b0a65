// Reading from an S3 whose connections break, while clients come and go.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { PassThrough, Writable, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from '../../testing/fake-s3/start-fake-s3.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { bytesOf, collect, collector } from '../contract/streams-in-tests.ts'
import type { StorageDriver } from '../driver.ts'
import { shortTimes, startFakeStore, type FakeStore } from './fixtures/fake-store.ts'
import { startProxy, type Proxy } from './fixtures/proxy.ts'

const size = 1_500_000
const never = new Promise<void>(() => {})

describe('a download from S3', () => {
  const bytes = randomBytes(size)
  let store: FakeStore
  let proxy: Proxy
  let driver: StorageDriver

  beforeEach(async () => {
    store = await startFakeStore()
    proxy = await startProxy(store.server.endpoint)
    driver = await store.open({ endpoint: proxy.endpoint }, { times: shortTimes })
    store.server.put(store.bucket, 'key', bytes)
  })
  afterEach(async () => {
    await proxy.close()
    await store.close()
  })

  const whole = { start: 0, end: size - 1 }
  const fail = (fault: Fault, times = 1): void => store.server.fault({ operation: 'GetObject', times }, fault)

  /** The ways to read, each of them all of these bytes. */
  const readers: Record<string, (range: { start: number; end: number }) => Promise<Buffer>> = {
    read: (range) => bytesOf(driver, 'key', range),
    async sendTo(range) {
      const { target, bytes: collected } = collector()
      assert.equal(await driver.sendTo?.('key', range, target), true)
      return collected()
    },
  }

  for (const [name, read] of Object.entries(readers)) {
    describe(`by ${name}`, () => {
      it('brings the right bytes, each once, wherever connections break and however often', async () => {
        for (const range of [whole, { start: 1, end: size - 2 }, { start: 700_000, end: 700_000 }]) {
          const length = range.end - range.start + 1
          for (const afterBytes of [0, 1, 65_536, length - 1]) {
            fail({ kind: 'cut-answer', afterBytes }, 2)
            const received = await read(range)
            assert.ok(received.equals(bytes.subarray(range.start, range.end + 1)), `${afterBytes} of ${length}`)
          }
        }
      })

      it('is done also when every connection brings only a part of it', async () => {
        fail({ kind: 'cut-answer', afterBytes: 100_000 }, 20)
        assert.ok((await read(whole)).equals(bytes))
        assert.equal(store.server.requests.length, 15)
      })

      it('fails when connections break without bringing anything: it is not tried for ever', async () => {
        fail({ kind: 'cut-answer', afterBytes: 0 }, 100)
        await assert.rejects(read(whole), /S3 breaks off its answers/)
        assert.ok(store.server.requests.length < 10)
      })

      it('goes on when S3 falls silent in the middle, for an answer and for its head', async () => {
        fail({ kind: 'slow-answer', bytesPerSecond: 1 })
        fail({ kind: 'stall', until: never })
        assert.ok((await read(whole)).equals(bytes))
      })

      /** Reads half of it before the change, and would read the other half after it. */
      async function failsAfter(change: () => unknown, reason: RegExp): Promise<void> {
        const changed = Promise.withResolvers<void>()
        fail({ kind: 'cut-answer', afterBytes: size / 2 })
        fail({ kind: 'stall', until: changed.promise })
        const failing = assert.rejects(read(whole), reason)
        await waitFor(() => store.server.requests.length === 2)
        await change()
        changed.resolve()
        await failing
      }

      it('fails when the object became another one meanwhile: the two are never mixed', () =>
        failsAfter(() => store.server.put(store.bucket, 'key', randomBytes(size)), /412 PreconditionFailed/))

      it('fails when the object is deleted meanwhile', () =>
        failsAfter(() => driver.delete('key'), /was removed while it was read/))
    })
  }

  it('of a slow client takes as long as the client does, in one request', async () => {
    const chunks: Buffer[] = []
    const target = new Writable({
      highWaterMark: 1,
      async write(chunk: Buffer, _, done) {
        chunks.push(Buffer.from(chunk))
        if (chunks.length === 2) await sleep(3 * shortTimes.mostSilenceMs)
        done()
      },
    })
    await driver.sendTo?.('key', whole, target)
    assert.ok(Buffer.concat(chunks).equals(bytes))
    assert.equal(store.server.requests.length, 1)
  })

  it('opens no connection where a kept one is free, and 20 at once get their own bytes', async () => {
    const others = Array.from({ length: 20 }, () => randomBytes(300_000))
    others.forEach((other, index) => store.server.put(store.bucket, `other-${index}`, other))
    for (let round = 0; round < 3; round++) {
      const received = await Promise.all(others.map((_, index) => bytesOf(driver, `other-${index}`)))
      assert.ok(received.every((one, index) => one.equals(others[index] as Buffer)))
    }
    const opened = proxy.opened()
    for (let round = 0; round < 10; round++) await bytesOf(driver, 'other-1')
    assert.equal(proxy.opened(), opened)
  })

  describe('of a client that goes away', () => {
    /** What the driver keeps for later, when nobody reads. */
    async function leavesNothing(begin: () => Promise<void>): Promise<void> {
      await bytesOf(driver, 'key')
      const before = proxy.open()
      fail({ kind: 'slow-answer', bytesPerSecond: 200_000 }, 5)
      for (let round = 0; round < 5; round++) await begin()
      await waitFor(() => proxy.open() <= before)
      assert.ok((await bytesOf(driver, 'key')).equals(bytes))
    }

    it('in the middle of it, leaves no connection busy', () =>
      leavesNothing(async () => {
        const target = new PassThrough()
        const sending = driver.sendTo?.('key', whole, target)
        await once(target, 'data')
        target.destroy()
        await assert.rejects(sending as Promise<unknown>, /the reader went away/)
      }))

    it('with its stream, read or not yet, leaves no connection busy', async () => {
      await leavesNothing(async () => void ((await driver.read('key')) as Readable).destroy())
      await leavesNothing(async () => {
        const stream = (await driver.read('key')) as Readable
        await once(stream, 'readable')
        stream.destroy()
      })
    })

    it('before it has begun, leaves no connection busy', () =>
      leavesNothing(async () => {
        const opened = await driver.open?.('key')
        opened?.cancel()
        opened?.cancel()
      }))
  })

  it('that is cancelled when it is over disturbs no other', async () => {
    const first = await driver.open?.('key')
    assert.ok((await first?.bytes())?.equals(bytes))
    fail({ kind: 'slow-answer', bytesPerSecond: 3_000_000 })
    const reading = collect(await driver.read('key'))
    await waitFor(() => store.server.requests.length === 2)
    first?.cancel()
    assert.ok((await reading).equals(bytes))
    assert.equal(store.server.requests.length, 2)
  })
})
