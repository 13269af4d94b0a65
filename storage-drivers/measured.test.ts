import assert from 'node:assert/strict'
import type { Batches } from './driver.ts'
import { faulty } from './faulty.ts'
import { measured } from './measured.ts'
import { openMemoryDriver } from './memory.ts'

describe('a measured driver', () => {
  it('tells of every call under the name that CNCF distribution gives it, of failed ones too', async () => {
    const observed: string[] = []
    const storage = faulty(openMemoryDriver())
    const driver = measured(storage, (action, seconds) => {
      assert.ok(seconds >= 0)
      observed.push(action)
    })
    await driver.write('k', Buffer.from('1'))
    await driver.stat('k')
    await driver.get('k')
    await driver.read('k')
    const staged = driver.stage({ begun: 'up/startedat', data: 'up/data', note: 'up/state' })
    await staged.append(one(), { note: () => '' })
    await staged.commit('final')
    await driver.delete('k')
    storage.fail({ action: 'stat' }, new Error('failed'))
    await assert.rejects(driver.stat('k'), /failed/)
    assert.deepEqual(observed, ['PutContent', 'Stat', 'GetContent', 'Reader', 'Writer', 'Move', 'Delete', 'Stat'])
    assert.deepEqual(await Array.fromAsync(driver.list('')), ['final'])
  })
})

async function* one(): Batches {
  yield [Buffer.from('1')]
}
