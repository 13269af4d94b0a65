import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { errorOf, exchange } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { getBlob, newRepository, pushBlob } from '../testing/push.ts'
import { requireOrdinaryUser } from '../testing/requirements.ts'
import { waitFor } from '../testing/wait-for.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

describe('a data directory that the registry’s user may not write to', () => {
  const root = freshFolder()
  const repository = newRepository()
  let server: TestServer
  let digest: string

  before(async function () {
    const within = requireOrdinaryUser(this, [root])
    server = await startServer({ storage: 'filesystem', root, workers: 1, within })
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
