// Uploads in progress: bytes that grow out of sight until they are committed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Batches, StagedUpload, StagingKeys, StorageDriver } from '../driver.ts'
import { bytesOf, collect, cutAfter, hashOf, inChunks, listed } from './streams-in-tests.ts'

/** As registry/layout.ts would make them. */
function keysAt(folder: string): StagingKeys {
  return { begun: `${folder}/startedat`, data: `${folder}/data`, note: `${folder}/state` }
}

/** A new upload, known to everyone. */
async function begun(driver: StorageDriver, folder: string): Promise<StagedUpload> {
  const staged = driver.stage(keysAt(folder))
  await staged.begin('2026-11-21T09:28:48Z', '')
  return staged
}

/** What one request does: it adds bytes and makes them count. */
async function appendTo(driver: StorageDriver, folder: string, chunks: Batches, note = 'noted'): Promise<number> {
  const staged = driver.stage(keysAt(folder))
  await staged.find()
  try {
    return await staged.append(chunks, { note: () => note })
  } finally {
    await staged.save(note)
  }
}

async function sizeAt(driver: StorageDriver, folder: string): Promise<number | undefined> {
  return (await driver.stage(keysAt(folder)).find())?.size
}

async function readAt(driver: StorageDriver, folder: string, start?: number): Promise<Buffer> {
  const staged = driver.stage(keysAt(folder))
  await staged.find()
  return collect(await staged.read(start))
}

async function commitAt(driver: StorageDriver, folder: string, key: string): Promise<void> {
  const staged = driver.stage(keysAt(folder))
  await staged.find()
  await staged.commit(key)
  await staged.discard()
}

export function describeStagedUploads(driver: () => StorageDriver): void {
  describe('staged uploads', () => {
    it('an upload is unknown before its beginning and after its end', async () => {
      assert.equal(await sizeAt(driver(), 'up/0'), undefined)
      const staged = await begun(driver(), 'up/0')
      assert.equal(await sizeAt(driver(), 'up/0'), 0)
      await staged.discard()
      await staged.discard()
      assert.equal(await sizeAt(driver(), 'up/0'), undefined)
      assert.deepEqual(await listed(driver().list('')), [])
    })

    it('bytes that come one by one, very many at a time, arrive as well', async () => {
      const pieces = 300_000
      await begun(driver(), 'up/single')
      async function* body(): Batches {
        yield Array.from({ length: pieces }, (_, index) => Buffer.of(index % 251))
      }
      assert.equal(await appendTo(driver(), 'up/single', body()), pieces)
      const stored = await readAt(driver(), 'up/single')
      assert.ok(stored.length === pieces && stored.every((byte, index) => byte === index % 251))
    })

    for (const size of [0, 1, 65_536, 524_288, 5_000_001, 40_000_000]) {
      for (const count of [1, 3, 20]) {
        if (size === 0 && count > 1) continue
        it(`${size} bytes arrive at the key, by ${count} requests`, async function () {
          this.timeout(60_000)
          const bytes = randomBytes(size)
          await begun(driver(), 'up/1')
          const each = Math.ceil(size / count) || 1
          for (let start = 0; start < size || start === 0; start += each) {
            const part = bytes.subarray(start, start + each)
            assert.equal(await appendTo(driver(), 'up/1', inChunks(part)), start + part.length)
          }
          assert.equal(await sizeAt(driver(), 'up/1'), size)
          assert.equal(await driver().stat('final/key'), undefined)
          await commitAt(driver(), 'up/1', 'final/key')
          assert.equal(hashOf(await bytesOf(driver(), 'final/key')), hashOf(bytes))
          assert.deepEqual(await listed(driver().list('')), ['final/key'])
        })
      }

      it(`${size} bytes can be read before they are committed, and more can follow`, async function () {
        this.timeout(60_000)
        const [bytes, more] = [randomBytes(size), randomBytes(1_000_000)]
        await begun(driver(), 'up/2')
        await appendTo(driver(), 'up/2', inChunks(bytes))
        const start = Math.ceil(size / 3)
        assert.equal(hashOf(await readAt(driver(), 'up/2')), hashOf(bytes))
        assert.equal(hashOf(await readAt(driver(), 'up/2', start)), hashOf(bytes.subarray(start)))
        assert.equal(await appendTo(driver(), 'up/2', inChunks(more)), size + more.length)
        assert.equal(hashOf(await readAt(driver(), 'up/2')), hashOf(Buffer.concat([bytes, more])))
        await commitAt(driver(), 'up/2', 'final/key')
        assert.equal(hashOf(await bytesOf(driver(), 'final/key')), hashOf(Buffer.concat([bytes, more])))
      })
    }

    it('an upload to which nothing was appended commits as an empty object', async () => {
      const staged = await begun(driver(), 'up/3')
      await staged.commit('empty')
      assert.equal((await driver().stat('empty'))?.size, 0)
    })

    it('commit replaces what is at the key', async () => {
      await driver().write('k', Buffer.from('torn'))
      await begun(driver(), 'up/3')
      await appendTo(driver(), 'up/3', inChunks(Buffer.from('whole')))
      await commitAt(driver(), 'up/3', 'k')
      assert.equal((await driver().get('k'))?.bytes.toString(), 'whole')
    })

    it('a cut stream keeps what arrived, and shows nothing at the key', async () => {
      await begun(driver(), 'up/4')
      await assert.rejects(appendTo(driver(), 'up/4', cutAfter(Buffer.alloc(700_000, 7))), /cut/)
      assert.equal(await sizeAt(driver(), 'up/4'), 700_000)
      assert.equal(await appendTo(driver(), 'up/4', inChunks(Buffer.alloc(10, 8))), 700_010)
      assert.deepEqual(await listed(driver().list('final/')), [])
    })

    it('the note is kept with the bytes, for whoever comes next', async () => {
      const staged = driver().stage(keysAt('up/5'))
      await staged.begin('2026-11-21T09:28:48Z', 'first')
      assert.equal((await driver().stage(keysAt('up/5')).find())?.note, 'first')
      await appendTo(driver(), 'up/5', inChunks(Buffer.from('x')), 'second')
      const { size, note } = (await driver().stage(keysAt('up/5')).find()) ?? {}
      assert.deepEqual([size, note], [1, 'second'])
    })

    it('a discarded upload leaves nothing', async () => {
      const staged = await begun(driver(), 'up/6')
      await appendTo(driver(), 'up/6', inChunks(randomBytes(20_000_000)))
      await staged.find()
      await staged.discard()
      await driver().stage(keysAt('up/6')).discard()
      assert.equal(await sizeAt(driver(), 'up/6'), undefined)
      assert.deepEqual(await listed(driver().list('')), [])
    })
  })

  describe('streams to a known key', () => {
    for (const size of [0, 1, 70_000, 3_000_000, 40_000_000]) {
      for (const isKnown of [true, false]) {
        it(`${size} bytes appear when all have come${isKnown ? ', announced' : ''}`, async function () {
          this.timeout(60_000)
          const bytes = randomBytes(size)
          let isSeenEarly = false
          async function* body(): Batches {
            yield* inChunks(bytes.subarray(0, -1))
            isSeenEarly = (await driver().stat('s/key')) !== undefined
            yield [Buffer.from(bytes.subarray(-1))]
          }
          await driver().writeStream('s/key', body(), isKnown ? { length: size, sha256: hashOf(bytes) } : {})
          assert.equal(isSeenEarly, false)
          assert.equal(hashOf(await bytesOf(driver(), 's/key')), hashOf(bytes))
        })
      }
    }

    it('when the source fails, what was at the key is still there, and nothing else', async () => {
      for (const size of [10, 2_000_000, 20_000_000]) {
        await driver().write('s/key', Buffer.from('old'))
        const cut = driver().writeStream('s/key', cutAfter(randomBytes(size)), { length: size + 1 })
        await assert.rejects(cut, /cut/)
        await assert.rejects(driver().writeStream('s/key', cutAfter(randomBytes(size))), /cut/)
        assert.equal(hashOf(await bytesOf(driver(), 's/key')), hashOf(Buffer.from('old')))
        assert.deepEqual(await listed(driver().list('')), ['s/key'])
      }
    })
  })
}
