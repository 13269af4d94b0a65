import assert from 'node:assert/strict'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'

describe('a group commit', () => {
  let now = 0
  let syncs: PromiseWithResolvers<boolean>[]
  let alone: string[]
  let commit: GroupCommit

  beforeEach(() => {
    syncs = []
    alone = []
    const sync = () => {
      syncs.push(Promise.withResolvers())
      return (syncs.at(-1) as PromiseWithResolvers<boolean>).promise
    }
    commit = createGroupCommit(
      '/storage',
      () => sync,
      () => now,
    )
  })

  const ask = (name: string): Promise<void> => commit(async () => void alone.push(name))
  const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

  it('syncs one alone, and several with one call', async () => {
    await ask('one')
    assert.deepEqual([alone, syncs.length], [['one'], 0])
    const both = Promise.all([ask('two'), ask('three')])
    await nextTurn()
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve(true)
    await both
    assert.deepEqual(alone, ['one'])
  })

  it('begins another sync for those who came while one ran', async () => {
    const first = Promise.all([ask('one'), ask('two')])
    await nextTurn()
    let isSettled = false
    const second = Promise.all([ask('three'), ask('four')]).then(() => (isSettled = true))
    await nextTurn()
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve(true)
    await first
    await nextTurn()
    assert.deepEqual([syncs.length, isSettled], [2, false])
    syncs[1]?.resolve(true)
    await second
  })

  it('syncs each by itself when the common sync fails, and for a while after', async () => {
    const both = Promise.all([ask('one'), ask('two')])
    await nextTurn()
    syncs[0]?.resolve(false)
    await both
    await Promise.all([ask('three'), ask('four')])
    assert.deepEqual([alone, syncs.length], [['one', 'two', 'three', 'four'], 1])
    now += 60_000
    const later = Promise.all([ask('five'), ask('six')])
    await nextTurn()
    assert.equal(syncs.length, 2)
    syncs[1]?.resolve(true)
    await later
    assert.equal(alone.length, 4)
  })

  it('does not wait long for what others have to put on disk', async () => {
    const both = Promise.all([ask('one'), ask('two')])
    await both
    assert.deepEqual([alone, syncs.length], [['one', 'two'], 1])
    syncs[0]?.resolve(true)
  })

  it('says whose sync failed', async () => {
    const failing = commit(() => Promise.reject(new Error('EIO')))
    const fine = ask('fine')
    await nextTurn()
    syncs[0]?.resolve(false)
    await assert.rejects(failing, /EIO/)
    await fine
  })
})
