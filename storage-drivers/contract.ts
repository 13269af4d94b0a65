// The promises of driver.ts as a mocha suite: every driver passes all of it.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Writable, type Readable } from 'node:stream'
import type { StorageDriver } from './driver.ts'

const manyKeys = 100_000

/** `open` gives a driver over empty storage. */
export function describeStorageDriver(name: string, open: () => Promise<StorageDriver>): void {
  describe(`storage driver ${name}`, () => {
    let driver: StorageDriver

    beforeEach(async () => {
      driver = await open()
    })
    afterEach(() => driver.close())

    describeValues(() => driver)
    describeConditionalWrites(() => driver)
    describeStreams(() => driver)
    describeStagedUploads(() => driver)
    describeListing(() => driver)
  })
}

function describeValues(driver: () => StorageDriver): void {
  describe('values', () => {
    it('absence is a value, never an exception', async () => {
      assert.equal(await driver().stat('no/such/key'), undefined)
      assert.equal(await driver().get('no/such/key'), undefined)
      assert.equal(await driver().read('no/such/key'), undefined)
      await driver().delete('no/such/key')
      await driver().deleteAll('no/such/')
    })

    it('a value is read back as written, the empty one too', async () => {
      for (const bytes of [Buffer.alloc(0), Buffer.from('sha256:abc'), randomBytes(300_000)]) {
        await driver().write('a/b/link', bytes)
        assert.deepEqual((await driver().get('a/b/link'))?.bytes, bytes)
        assert.deepEqual(await bytesOf(driver(), 'a/b/link'), bytes)
        assert.equal((await driver().stat('a/b/link'))?.size, bytes.length)
      }
    })

    it('every write that returned is seen at once, however fast the writes follow each other', async () => {
      for (let round = 0; round < 300; round++) {
        const text = `value ${String(round).padStart(4, '0')}`
        await driver().write('fast/link', Buffer.from(text))
        assert.equal((await driver().get('fast/link'))?.bytes.toString(), text)
      }
      await driver().delete('fast/link')
      assert.equal(await driver().get('fast/link'), undefined)
    })

    it('values written in order are all there, over what was there before', async () => {
      await driver().write('o/2/link', Buffer.from('old'))
      await driver().writeInOrder(
        [1, 2, 3].map((count) => ({ key: `o/${count}/link`, bytes: Buffer.from(`new ${count}`) })),
      )
      for (const count of [1, 2, 3]) {
        assert.equal((await driver().get(`o/${count}/link`))?.bytes.toString(), `new ${count}`)
      }
    })

    it('stat tells when a value was last written', async () => {
      const before = Date.now() - 2000
      await driver().write('a/link', Buffer.from('x'))
      const { modifiedAt } = (await driver().stat('a/link')) ?? { modifiedAt: 0 }
      assert.ok(modifiedAt > before && modifiedAt < Date.now() + 2000)
    })

    it('a folder of keys is not an object', async () => {
      await driver().write('a/b/c', Buffer.from('x'))
      assert.equal(await driver().stat('a/b'), undefined)
      assert.equal(await driver().get('a/b'), undefined)
    })

    it('deleteAll removes what is below the prefix and not its neighbours', async () => {
      for (const key of ['a/b/1', 'a/b/c/2', 'a/bc/3', 'a/b-d/4']) await driver().write(key, Buffer.from(key))
      await driver().deleteAll('a/b/')
      assert.deepEqual(await listed(driver().list('a/')), ['a/b-d/4', 'a/bc/3'])
    })

    it('keys that climb out of the storage are refused', async () => {
      for (const key of ['../x', 'a/../../x', 'a//b', '/a', 'a/./b', 'a/\0']) {
        await assert.rejects(driver().write(key, Buffer.from('x')), /not a storage key/)
      }
    })

    it('odd names are names like others', async () => {
      for (const key of ['a/..b/c', 'a/b..', 'a/-', 'a/_', 'a/@=+,~', 'a/x.tmp', `a/${'n'.repeat(250)}`]) {
        await driver().write(key, Buffer.from(key))
        assert.equal((await driver().get(key))?.bytes.toString(), key)
      }
    })

    it('concurrent writers of one key leave one of the values, whole', async () => {
      const values = Array.from({ length: 16 }, (_, index) => Buffer.alloc(100_000, index))
      await Promise.all(values.map((value) => driver().write('contested', value)))
      const left = (await driver().get('contested'))?.bytes ?? Buffer.alloc(0)
      assert.ok(values.some((value) => value.equals(left)))
    })

    it('writers and removers in one folder do not disturb each other', async () => {
      const round = async (name: string): Promise<void> => {
        for (let count = 0; count < 30; count++) {
          await driver().write(`shared/folder/${name}/link`, Buffer.from(name))
          await driver().delete(`shared/folder/${name}/link`)
        }
        await driver().write(`shared/folder/${name}/link`, Buffer.from(name))
      }
      await Promise.all(['a', 'b', 'c', 'd'].map(round))
      assert.equal((await listed(driver().list('shared/'))).length, 4)
    })
  })
}

function describeConditionalWrites(driver: () => StorageDriver): void {
  describe('conditional writes', () => {
    it('ifAbsent writes only where nothing is', async () => {
      assert.equal(await driver().write('k', Buffer.from('1'), { ifAbsent: true }), true)
      assert.equal(await driver().write('k', Buffer.from('2'), { ifAbsent: true }), false)
      assert.equal((await driver().get('k'))?.bytes.toString(), '1')
    })

    it('ifMatch writes only over the version that was read', async () => {
      await driver().write('k', Buffer.from('1'))
      const version = (await driver().get('k'))?.version ?? ''
      assert.equal(await driver().write('k', Buffer.from('2'), { ifMatch: version }), true)
      assert.equal(await driver().write('k', Buffer.from('3'), { ifMatch: version }), false)
      assert.equal(await driver().write('absent', Buffer.from('3'), { ifMatch: version }), false)
      assert.equal((await driver().get('k'))?.bytes.toString(), '2')
    })

    it('of twenty writers with ifAbsent one wins', async () => {
      const attempts = Array.from({ length: 20 }, (_, index) =>
        driver().write('race', Buffer.from(String(index)), { ifAbsent: true }),
      )
      const won = (await Promise.all(attempts)).filter(Boolean)
      assert.equal(won.length, 1)
    })

    it('of twenty writers with ifMatch one wins', async () => {
      await driver().write('race', Buffer.from('start'))
      const version = (await driver().get('race'))?.version ?? ''
      const attempts = Array.from({ length: 20 }, (_, index) =>
        driver().write('race', Buffer.from(String(index)), { ifMatch: version }),
      )
      const won = (await Promise.all(attempts)).filter(Boolean)
      assert.equal(won.length, 1)
    })
  })
}

function describeStreams(driver: () => StorageDriver): void {
  describe('streams', () => {
    it('ranges include both ends', async () => {
      const bytes = randomBytes(3_000_000)
      await driver().write('big', bytes)
      for (const [start, end] of [
        [0, 0],
        [0, 2_999_999],
        [2_999_999, 2_999_999],
        [65_535, 65_536],
        [1_000_000, 2_500_000],
      ] as const) {
        assert.deepEqual(await bytesOf(driver(), 'big', { start, end }), bytes.subarray(start, end + 1))
      }
    })

    it('sendTo delivers the same bytes as read', async function () {
      if (driver().sendTo === undefined) return this.skip()
      const bytes = randomBytes(1_500_000)
      await driver().write('big', bytes)
      for (const range of [
        { start: 0, end: 1_499_999 },
        { start: 70_000, end: 900_000 },
      ]) {
        const sink = collector()
        assert.equal(await driver().sendTo?.('big', range, sink.target), true)
        assert.deepEqual(sink.bytes(), bytes.subarray(range.start, range.end + 1))
      }
      assert.equal(await driver().sendTo?.('absent', { start: 0, end: 1 }, collector().target), false)
    })

    it('sendTo ends with an error when its target goes away', async function () {
      if (driver().sendTo === undefined) return this.skip()
      await driver().write('big', randomBytes(2_000_000))
      const target = new Writable({ highWaterMark: 1, write: () => target.destroy() })
      target.on('error', () => {})
      await assert.rejects(Promise.resolve(driver().sendTo?.('big', { start: 0, end: 1_999_999 }, target)))
    })
  })
}

function describeStagedUploads(driver: () => StorageDriver): void {
  describe('staged uploads', () => {
    for (const size of [0, 1, 65_536, 524_288, 5_000_001]) {
      it(`${size} bytes arrive at the key, in one stream or in three`, async () => {
        const bytes = randomBytes(size)
        const third = Math.ceil(size / 3)
        for (const parts of [
          [bytes],
          [bytes.subarray(0, third), bytes.subarray(third, 2 * third), bytes.subarray(2 * third)],
        ]) {
          const staged = driver().stage('up/1/data')
          let expected = 0
          for (const part of parts) {
            expected += part.length
            assert.equal(await staged.append(inChunks(part)), expected)
          }
          assert.deepEqual(hashOf(await collect(await staged.read())), hashOf(bytes))
          assert.deepEqual(hashOf(await collect(await staged.read(third))), hashOf(bytes.subarray(third)))
          assert.equal(await driver().stat('final/key'), undefined)
          await staged.commit('final/key')
          assert.deepEqual(hashOf(await bytesOf(driver(), 'final/key')), hashOf(bytes))
          assert.equal(await driver().stage('up/1/data').size(), undefined)
          await driver().delete('final/key')
        }
      })
    }

    it('an upload to which nothing was appended commits as an empty object', async () => {
      await driver().stage('up/2/data').commit('empty')
      assert.equal((await driver().stat('empty'))?.size, 0)
    })

    it('commit replaces what is at the key', async () => {
      await driver().write('k', Buffer.from('torn'))
      const staged = driver().stage('up/3/data')
      await staged.append(inChunks(Buffer.from('whole')))
      await staged.commit('k')
      assert.equal((await driver().get('k'))?.bytes.toString(), 'whole')
    })

    it('a cut stream keeps what arrived, and shows nothing at the key', async () => {
      const staged = driver().stage('up/4/data')
      await assert.rejects(staged.append(cutAfter(Buffer.alloc(700_000, 7))), /cut/)
      assert.equal(await staged.size(), 700_000)
      assert.equal(await staged.append(inChunks(Buffer.alloc(10, 8))), 700_010)
      assert.deepEqual(await listed(driver().list('final/')), [])
    })

    it('another opener finds the bytes and goes on', async () => {
      await driver()
        .stage('up/5/data')
        .append(inChunks(Buffer.from('one ')))
      await driver()
        .stage('up/5/data')
        .append(inChunks(Buffer.from('two')))
      await driver().stage('up/5/data').commit('k')
      assert.equal((await driver().get('k'))?.bytes.toString(), 'one two')
    })

    it('uploads without a key do not meet', async () => {
      const [one, two] = [driver().stage(), driver().stage()]
      await Promise.all([one.append(inChunks(Buffer.from('1'))), two.append(inChunks(Buffer.from('2')))])
      await one.append(inChunks(Buffer.from('1')))
      await two.discard()
      await one.commit('one')
      assert.deepEqual(await listed(driver().list('')), ['one'])
      assert.equal((await driver().get('one'))?.bytes.toString(), '11')
    })

    it('a discarded upload leaves nothing', async () => {
      const staged = driver().stage('up/6/data')
      await staged.append(inChunks(Buffer.from('x')))
      await staged.discard()
      await staged.discard()
      assert.equal(await staged.size(), undefined)
      assert.deepEqual(await listed(driver().list('')), [])
    })
  })
}

function describeListing(driver: () => StorageDriver): void {
  describe('listing', () => {
    const names = ['1.0', '1.0-alpha', '1.0.1', '1.00', 'A', 'Z', '_x', 'a', 'a-b', 'a.b', 'a_b', 'ab', 'b']

    it('keys come in ASCII order, from any point', async () => {
      const keys = names.map((name) => `r/tags/${name}/link`).sort()
      for (const key of keys) await driver().write(key, Buffer.from('x'))
      assert.deepEqual(await listed(driver().list('r/')), keys)
      for (const after of [...keys, 'r/tags/1.0.0', 'r/tags/a', 'r/tags/a/', 'a', 'z']) {
        assert.deepEqual(
          await listed(driver().list('r/', { after })),
          keys.filter((key) => key > after),
          after,
        )
      }
    })

    it('folded entries come in ASCII order of their names, from any point', async () => {
      for (const name of names) await driver().write(`r/tags/${name}/current/link`, Buffer.from('x'))
      await driver().write('r/tags/a-file', Buffer.from('x'))
      const entries = [...names.map((name) => `${name}/`), 'a-file'].sort((a, b) => (plain(a) < plain(b) ? -1 : 1))
      const all = entries.map((entry) => `r/tags/${entry}`)
      assert.deepEqual(await listed(driver().list('r/tags/', { delimiter: '/' })), all)
      for (const after of [...names, '1.0.0', 'aa', '', 'zzz', '1']) {
        assert.deepEqual(
          await listed(driver().list('r/tags/', { delimiter: '/', after: `r/tags/${after}` })),
          all.filter((entry) => plain(entry) > `r/tags/${after}`),
          after,
        )
      }
    })

    it('`holding` leaves out the entries that do not hold the key', async () => {
      await driver().write('t/a/current/link', Buffer.from('x'))
      await driver().write('t/b/index/link', Buffer.from('x'))
      await driver().write('t/c/current/link', Buffer.from('x'))
      assert.deepEqual(await listed(driver().list('t/', { delimiter: '/', holding: 'current/link' })), ['t/a/', 't/c/'])
    })

    it('what was deleted is not listed, nor its empty folders', async () => {
      await driver().write('t/a/b/c/link', Buffer.from('x'))
      await driver().write('t/z/link', Buffer.from('x'))
      await driver().delete('t/a/b/c/link')
      assert.deepEqual(await listed(driver().list('t/', { delimiter: '/' })), ['t/z/'])
    })

    it('an empty place lists nothing', async () => {
      assert.deepEqual(await listed(driver().list('nothing/')), [])
      assert.deepEqual(await listed(driver().list('', { delimiter: '/' })), [])
    })

    it('100,000 keys are listed in order, and a page out of their middle', async function () {
      this.timeout(180_000)
      const keyOf = (index: number): string => `m/tags/t${String(index).padStart(6, '0')}`
      for (let start = 0; start < manyKeys; start += 1000) {
        const batch = Array.from({ length: 1000 }, (_, offset) => keyOf(start + offset))
        await Promise.all(batch.map((key) => driver().write(key, Buffer.from('x'), { ephemeral: true })))
      }
      let count = 0
      for await (const key of driver().list('m/')) assert.equal(key, keyOf(count++))
      assert.equal(count, manyKeys)

      const page: string[] = []
      for await (const key of driver().list('m/tags/', { delimiter: '/', after: keyOf(49_999) })) {
        page.push(key)
        if (page.length === 100) break
      }
      assert.deepEqual(
        page,
        Array.from({ length: 100 }, (_, offset) => keyOf(50_000 + offset)),
      )
      await driver().deleteAll('m/')
    })
  })
}

async function* inChunks(bytes: Buffer, chunkBytes = 65_536): AsyncIterable<Buffer> {
  for (let start = 0; start < bytes.length; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes)
}

async function* cutAfter(bytes: Buffer): AsyncIterable<Buffer> {
  yield* inChunks(bytes)
  throw new Error('cut')
}

async function collect(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  if (stream !== undefined) for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function bytesOf(driver: StorageDriver, key: string, range?: { start: number; end: number }): Promise<Buffer> {
  return collect(await driver.read(key, range))
}

async function listed(entries: AsyncIterable<string>): Promise<string[]> {
  return Array.fromAsync(entries)
}

function collector(): { target: Writable; bytes: () => Buffer } {
  const chunks: Buffer[] = []
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      setImmediate(done)
    },
  })
  return { target, bytes: () => Buffer.concat(chunks) }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function plain(entry: string): string {
  return entry.endsWith('/') ? entry.slice(0, -1) : entry
}
