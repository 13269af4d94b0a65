import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { requireLinux } from '../../testing/requirements.ts'

const script = `
  import { setTimeout as sleep } from 'node:timers/promises'
  import { fileSystemSync } from ${JSON.stringify(new URL('syncfs.ts', import.meta.url).href)}
  fileSystemSync()
  for (let waited = 0; fileSystemSync() === undefined && waited < 5000; waited += 10) await sleep(10)
  const outcomes = await Promise.all(['.', '.', '/no/such/folder'].map((folder) => fileSystemSync()(folder)))
  console.log(JSON.stringify(outcomes))
`

describe('a sync of the whole file system', () => {
  it('says whether it was done, and does not keep the process from ending', async function () {
    requireLinux(this)
    const nodeArguments = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
    const { stdout } = await promisify(execFile)(process.execPath, nodeArguments, { timeout: 15_000 })
    assert.deepEqual(JSON.parse(stdout), [true, true, false])
  })
})
