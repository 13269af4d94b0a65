// Uploads in progress: bytes that grow out of sight until they are committed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Batches, StorageDriver } from '../driver.ts'
import { bytesOf, collect, cutAfter, hashOf, inChunks, listed } from './streams-in-tests.ts'

export function describeStagedUploads(driver: () => StorageDriver): void {
  describe('staged uploads', () => {
    it('bytes that come one by one, very many at a time, arrive as well', async () => {
      const pieces = 300_000
      const staged = driver().stage('up/single/data')
      async function* body(): Batches {
        yield Array.from({ length: pieces }, (_, index) => Buffer.of(index % 251))
      }
      assert.equal(await staged.append(body()), pieces)
      const stored = await collect(await staged.read())
      assert.ok(stored.every((byte, index) => byte === index % 251))
      await staged.discard()
    })

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
