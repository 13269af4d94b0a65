// Listing: order, pages, folded entries.
import assert from 'node:assert/strict'
import type { StorageDriver } from '../driver.ts'
import { listed, plain } from './streams-in-tests.ts'

/** `manyKeys`: a multiple of 2,000. */
export function describeListing(driver: () => StorageDriver, manyKeys: number): void {
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

    it(`${manyKeys} keys are listed in order, and a page out of their middle`, async function () {
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
      for await (const key of driver().list('m/tags/', { delimiter: '/', after: keyOf(manyKeys / 2 - 1) })) {
        page.push(key)
        if (page.length === 100) break
      }
      assert.deepEqual(
        page,
        Array.from({ length: 100 }, (_, offset) => keyOf(manyKeys / 2 + offset)),
      )
      await driver().deleteAll('m/')
    })
  })
}
