import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { createAppend } from './append.ts'

describe('appending to a file', () => {
  it('writes all bytes in order, however few the system takes at a time', async () => {
    const append = createAppend((fd, buffers) =>
      fs.writevSync(fd, [Buffer.concat(buffers as Uint8Array[]).subarray(0, 3)]),
    )
    const file = path.join(freshFolder(), 'file')
    const fd = fs.openSync(file, 'a')
    await append(fd, [Buffer.from('ab'), Buffer.from(''), Buffer.from('cdef'), Buffer.from('g')], true)
    fs.closeSync(fd)
    assert.equal(fs.readFileSync(file, 'utf8'), 'abcdefg')
  })

  it('leaves the event loop alone for a while when one of many has waited for the disk', async () => {
    let clock = 0
    let atOnce = 0
    const slow = (fd: number, buffers: readonly NodeJS.ArrayBufferView[]): number => {
      atOnce++
      clock += 50
      return fs.writevSync(fd, buffers)
    }
    const append = createAppend(slow, () => clock)
    const file = path.join(freshFolder(), 'file')
    const fd = fs.openSync(file, 'a')
    const write = (text: string, isOneOfMany: boolean): Promise<void> => append(fd, [Buffer.from(text)], isOneOfMany)
    await write('alone ', false)
    assert.equal(atOnce, 0)
    await write('first ', true)
    await write('second ', true)
    assert.equal(atOnce, 1)
    clock += 10_000
    await write('third', true)
    assert.equal(atOnce, 2)
    fs.closeSync(fd)
    assert.equal(fs.readFileSync(file, 'utf8'), 'alone first second third')
  })
})
