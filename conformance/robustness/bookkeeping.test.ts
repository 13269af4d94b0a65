// The bookkeeping behind the crash and race suites finds what it is made to find.
import assert from 'node:assert/strict'
import { layOut, type Write } from './support/lay-out.ts'
import { absent, openLedger, type Subject } from './support/ledger.ts'

const tag: Subject = { kind: 'tag', repository: 'team/app', name: 'latest' }

describe('the ledger of what clients were told', () => {
  it('knows that nothing is there before anybody asked for it', () => {
    assert.deepEqual([...openLedger().possible(tag)], [absent])
  })

  it('holds the registry to what it acknowledged last', () => {
    const ledger = openLedger()
    ledger.attempt(tag, 'one').acknowledge()
    ledger.attempt(tag, 'two').acknowledge()
    assert.deepEqual([...ledger.possible(tag)], ['two'])
  })

  it('allows what was asked for later and never answered', () => {
    const ledger = openLedger()
    ledger.attempt(tag, 'one').acknowledge()
    ledger.attempt(tag, 'two')
    ledger.attempt(tag, absent)
    assert.deepEqual([...ledger.possible(tag)], ['one', 'two', absent])
  })

  it('allows either of two changes that were under way at the same time', () => {
    const ledger = openLedger()
    const first = ledger.attempt(tag, 'one')
    const second = ledger.attempt(tag, 'two')
    second.acknowledge()
    first.acknowledge()
    assert.deepEqual([...ledger.possible(tag)], ['one', 'two'])
  })

  it('allows an unanswered change to come true after all later ones, until it was looked at', () => {
    const ledger = openLedger()
    ledger.attempt(tag, 'one')
    ledger.attempt(tag, 'two').acknowledge()
    assert.deepEqual([...ledger.possible(tag)], ['one', 'two'])
    ledger.settle(tag, 'two')
    assert.deepEqual([...ledger.possible(tag)], ['two'])
    assert.deepEqual(ledger.unsettled(), [])
  })
})

describe('the explanation of an upload by its requests', () => {
  const write = (text: string, isAcknowledged: boolean, start?: number): Write => ({
    bytes: Buffer.from(text),
    isAcknowledged,
    ...(start === undefined ? {} : { start }),
  })

  it('accepts whole requests and beginnings of broken ones, one after the other', () => {
    layOut(Buffer.from('aaaabbcccc'), [write('cccc', true, 6), write('bbbb', false), write('aaaa', true, 0)])
    // By chance, what was cut goes on like the next one begins.
    layOut(Buffer.from('aaaaaaaaZbbbbbbbb'), [write('aaaaaaaaZZ', false, 0), write('Zbbbbbbbb', true, 8)])
  })

  it('finds mixed bytes, lost bytes, and half of an acknowledged request', () => {
    const [first, second] = [write('aaaa', true, 0), write('bbbb', true, 4)]
    assert.throws(() => layOut(Buffer.from('aabbaabb'), [first, second]), /only 2 of 4 bytes/)
    assert.throws(() => layOut(Buffer.from('aaaa'), [first, second]), /acknowledged bytes are not there/)
    assert.throws(() => layOut(Buffer.from('aaaabbbbx'), [first, second]), /belong to no request/)
  })
})
