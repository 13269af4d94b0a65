import assert from 'node:assert/strict'
import { describeLocker } from './contract.ts'
import { inProcessLocker, lockTable } from './in-process.ts'

describeLocker('in one process', async () => {
  const locker = inProcessLocker()
  return { first: locker, second: locker }
})

describe('lockers of one process', () => {
  it('share what they hold exactly when they share a table', async () => {
    const table = lockTable()
    const held = await inProcessLocker(table).acquire(['key'])
    assert.equal(await inProcessLocker(table).tryAcquire('key'), undefined)
    assert.ok(await inProcessLocker().tryAcquire('key'))
    held.release()
    assert.equal(table.isHeld('key'), false)
  })

  it('a table forgets every key that nobody holds or waits for', () => {
    const table = lockTable()
    const tickets = Array.from({ length: 100 }, (_, index) => table.request([`key ${index % 10}`, 'all'], () => {}))
    // Granted or waiting, in any order.
    for (const ticket of tickets.toReversed()) table.release(ticket)
    assert.equal(table.isHeld('all'), false)
    for (let index = 0; index < 10; index++) assert.equal(table.isHeld(`key ${index}`), false)
  })

  it('a waiter that gives up lets those behind it pass', () => {
    const table = lockTable()
    const granted: string[] = []
    const holder = table.request(['a'], () => granted.push('holder'))
    const waiter = table.request(['a', 'b'], () => granted.push('waiter'))
    table.request(['b'], () => granted.push('behind on b'))
    table.request(['a'], () => granted.push('behind on a'))
    assert.deepEqual(granted, ['holder'])
    table.release(waiter)
    assert.deepEqual(granted, ['holder', 'behind on b'])
    table.release(holder)
    assert.deepEqual(granted, ['holder', 'behind on b', 'behind on a'])
  })

  it('a waiter that gives up grants nothing to one before it, which still waits for another key', () => {
    const table = lockTable()
    const granted: string[] = []
    const holder = table.request(['b'], () => granted.push('holder'))
    table.request(['a', 'b'], () => granted.push('waiter'))
    const behind = table.request(['a'], () => granted.push('behind'))
    table.release(behind)
    assert.deepEqual(granted, ['holder'])
    table.release(holder)
    assert.deepEqual(granted, ['holder', 'waiter'])
  })
})
