import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { errorOf, exchange } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { getBlob, newRepository, pushBlob } from '../testing/push.ts'
import { requireThat } from '../testing/requirements.ts'
import { waitFor } from '../testing/wait-for.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

/** The user `nobody`, for a test that runs as root, which may write everywhere. */
const otherUser = 65_534

/** A command before the server's that gives up being root; undefined where that is impossible. */
function asOrdinaryUser(): string[] | undefined {
  if (process.getuid?.() !== 0) return []
  const command = ['setpriv', `--reuid=${otherUser}`, `--regid=${otherUser}`, '--clear-groups']
  const [tool, ...args] = command as [string, ...string[]]
  // It must still be able to read Node and the sources.
  const attempt = spawnSync(tool, [
    ...args,
    process.execPath,
    '-e',
    `fs.readdirSync(${JSON.stringify(import.meta.dirname)})`,
  ])
  return attempt.status === 0 ? command : undefined
}

describe('a data directory that the registry’s user may not write to', () => {
  const root = freshFolder()
  const repository = newRepository()
  let server: TestServer
  let digest: string

  before(async function () {
    const within = asOrdinaryUser()
    requireThat(this, within !== undefined, 'a user that is not root and may read the sources')
    if (process.getuid?.() === 0) fs.chownSync(root, otherUser, otherUser)
    server = await startServer({ storage: 'filesystem', root, workers: 1, within: within as string[] })
    digest = await pushBlob(server, repository, Buffer.from('allowed'))
  })
  after(() => server?.stop())

  it('is 503 for everything that writes, with a clear message and the cause in the log, while pulls go on', async () => {
    const folders = fs
      .readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name))
    for (const folder of [root, ...folders]) fs.chmodSync(folder, 0o555)
    try {
      const refused = await exchange(server, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
      assert.equal(refused.status, 503)
      assert.equal(errorOf(refused).message, 'the registry may not write to its storage')
      await waitFor(() => /level=error msg="request failed".*EACCES/.test(server.output()))
      assert.equal((await getBlob(server, repository, digest)).body.toString(), 'allowed')
    } finally {
      for (const folder of [root, ...folders]) fs.chmodSync(folder, 0o755)
    }
    await pushBlob(server, repository, Buffer.from('allowed again'))
  })
})
