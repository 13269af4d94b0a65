// Whole values: written, read, seen at once, removed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { StorageDriver } from '../driver.ts'
import { bytesOf, listed } from './streams-in-tests.ts'

export function describeValues(driver: () => StorageDriver): void {
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
