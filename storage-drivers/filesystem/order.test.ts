import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import { requireLinux } from '../../testing/requirements.ts'
import { keepsOrder } from './order.ts'

describe('the order of changes', () => {
  it('is kept on ext and XFS, as the system names them, and is not relied on elsewhere', function () {
    requireLinux(this)
    for (const folder of [os.tmpdir(), '/dev/shm', '/proc'].filter((each) => fs.existsSync(each))) {
      const name = execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).trim()
      assert.equal(keepsOrder(folder), ['ext2/ext3', 'xfs'].includes(name), `${folder}: ${name}`)
    }
  })
})
