// Writes that happen only if nothing, or only if a certain version, is at the key.
import assert from 'node:assert/strict'
import type { StorageDriver } from '../driver.ts'

export function describeConditionalWrites(driver: () => StorageDriver): void {
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
