import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { errorOf, exchange, type Answer } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import {
  finish,
  getBlob,
  newRepository,
  patch,
  pushBlob,
  putManifest,
  resumeUpload,
  sha256,
  startUpload,
} from '../testing/push.ts'
import { requireRoot, requireThat, requireTool } from '../testing/requirements.ts'
import { waitFor } from '../testing/wait-for.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

const diskBytes = 16 * 1024 * 1024

describe('a disk of its own', () => {
  const root = freshFolder()
  const repository = newRepository()
  const filler = path.join(root, 'filler')
  let isMounted = false
  let server: TestServer

  before(async function () {
    requireRoot(this)
    requireTool(this, 'mount')
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', root], { stdio: 'pipe' })
      isMounted = true
    } catch {
      requireThat(this, false, 'the right to mount a tmpfs')
    }
    server = await startServer({ storage: 'filesystem', root, workers: 2 })
  })
  after(async () => {
    await server?.stop()
    if (isMounted) execFileSync('umount', ['--lazy', root])
  })

  /** Leaves `left` bytes. */
  function fillDisk(left: number): void {
    const { bavail, bsize } = fs.statfsSync(root)
    fs.writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)))
  }

  function filesBelow(folder: string): string[] {
    return fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
  }

  describe('that is full', () => {
    afterEach(() => fs.rmSync(filler, { force: true }))

    it('is 507 for a blob, with a clear message; nothing of it is there, and it works again after space is freed', async () => {
      const kept = await pushBlob(server, repository, Buffer.from('kept'))
      const before = filesBelow(root)
      fillDisk(1_000_000)
      const bytes = randomBytes(4_000_000)
      const digest = sha256(bytes)
      const target = { method: 'POST', path: `/v2/${repository}/blobs/uploads/?digest=${digest}`, body: bytes }

      const refused = await exchange(server, target)
      assert.equal(refused.status, 507)
      assert.deepEqual(
        [errorOf(refused).code, errorOf(refused).message],
        ['UNAVAILABLE', 'the registry has no space left'],
      )
      assert.ok(Number(refused.headers['retry-after']) > 0)
      await waitFor(() => /level=error msg="request failed".*ENOSPC/.test(server.output()))
      assert.equal((await getBlob(server, repository, digest)).status, 404)
      assert.equal((await getBlob(server, repository, kept)).body.toString(), 'kept')
      fs.rmSync(filler)
      assert.deepEqual(filesBelow(root), before)

      assert.equal((await exchange(server, target)).status, 201)
      assert.deepEqual((await getBlob(server, repository, digest)).body, bytes)
    })

    it('is 507 for a chunk; the upload goes on at an honest offset after space is freed', async () => {
      const bytes = randomBytes(3_000_000)
      const location = await startUpload(server, repository)
      assert.equal((await patch(server, location, bytes.subarray(0, 500_000))).status, 202)
      fillDisk(700_000)

      assert.equal((await patch(server, location, bytes.subarray(500_000))).status, 507)
      fs.rmSync(filler)
      const offset = await resumeUpload(server, location, bytes)
      assert.ok(offset >= 500_000 && offset < bytes.length, String(offset))
      assert.equal((await finish(server, location, sha256(bytes))).status, 201)
      assert.deepEqual((await getBlob(server, repository, sha256(bytes))).body, bytes)
    })

    it('is 507 for a manifest, whose tag stays what it was', async () => {
      assert.equal((await putManifest(server, repository, 'latest')).status, 201)
      fillDisk(0)
      const put = (): ReturnType<typeof exchange> =>
        exchange(server, {
          method: 'PUT',
          path: `/v2/${repository}/manifests/latest`,
          headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
          body: JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { text: 'x'.repeat(200_000) } }),
        })
      const current = async (): Promise<unknown> =>
        (await exchange(server, { path: `/v2/${repository}/manifests/latest` })).headers['docker-content-digest']

      const before = await current()
      assert.equal((await put()).status, 507)
      assert.equal(await current(), before)
      fs.rmSync(filler)
      assert.equal((await put()).status, 201)
      assert.notEqual(await current(), before)
    })
  })

  describe('that is read-only', () => {
    let digest: string
    let location: string
    beforeEach(async () => {
      digest = await pushBlob(server, repository, Buffer.from('written before'))
      location = await startUpload(server, repository)
      execFileSync('mount', ['-o', 'remount,ro', root])
    })
    afterEach(() => void execFileSync('mount', ['-o', 'remount,rw', root]))

    function assertReadOnly(answer: Answer): void {
      assert.deepEqual([answer.status, errorOf(answer).message], [503, 'the storage of the registry is read-only'])
    }

    it('is 503 for everything that writes, with a clear message, while pulls go on', async () => {
      assertReadOnly(await exchange(server, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` }))
      assertReadOnly(await putManifest(server, repository, 'new'))
      assertReadOnly(await exchange(server, { method: 'DELETE', path: `/v2/${repository}/blobs/${digest}` }))
      assert.equal((await getBlob(server, repository, digest)).body.toString(), 'written before')
    })

    it('is 503 for the bytes of an upload too', async () => {
      const path = `/v2/${repository}/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`
      assertReadOnly(await patch(server, location, Buffer.from('x')))
      assertReadOnly(await exchange(server, { method: 'POST', path, body: 'x' }))
    })

    it('does not keep the registry from starting and serving what is there', async () => {
      const reader = await startServer({ storage: 'filesystem', root, workers: 1 })
      assert.equal((await getBlob(reader, repository, digest)).status, 200)
      await reader.stop()
    })
  })
})
