import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorOf, exchange } from '../../testing/exchange.ts'
import { emptyIndex, getBlob, newRepository, pushBlob, putManifest, sha256 } from '../../testing/push.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { sharedServer } from '../../testing/shared-server.ts'
import type { TestServer } from '../../testing/start-server.ts'

describe('a fault inside', () => {
  let server: TestServer
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
  })

  function dataFile(digest: string): string {
    const hex = digest.slice('sha256:'.length)
    return path.join(server.root, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
  }

  /** Opening it fails in a way that nobody provided for. */
  function breakFile(file: string): void {
    fs.rmSync(file)
    fs.symlinkSync(file, file)
  }

  async function logged(id: string): Promise<string> {
    for (let tries = 0; tries < 100; tries++) {
      const line = server
        .stderr()
        .split('\n')
        .find((candidate) => candidate.includes(id))
      if (line !== undefined) return line
      await sleep(20)
    }
    throw new Error(`nothing was logged about ${id}`)
  }

  it('is 500 UNKNOWN with nothing of the inside; the log has the cause, with the request’s id', async () => {
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.from(`to be broken ${repository}`))
    breakFile(dataFile(digest))
    const id = `fault-${repository}`
    const answer = await exchange(server, {
      path: `/v2/${repository}/blobs/${digest}`,
      headers: { 'X-Request-Id': id },
    })

    assert.equal(answer.status, 500)
    assert.deepEqual(errorOf(answer), {
      code: 'UNKNOWN',
      message: 'the registry failed to answer; its log has the reason',
    })
    for (const name of ['etag', 'docker-content-digest', 'cache-control', 'accept-ranges']) {
      assert.equal(answer.headers[name], undefined, name)
    }
    const line = await logged(id)
    assert.match(line, /level=error msg="request failed"/)
    assert.match(line, /ELOOP/)
  })

  it('is 500 with a body for GET and none for HEAD', async () => {
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.from(`to be broken ${repository}`))
    breakFile(dataFile(digest))
    const answer = await exchange(server, { method: 'HEAD', path: `/v2/${repository}/blobs/${digest}` })
    assert.deepEqual([answer.status, answer.body.length], [500, 0])
  })

  for (const [what, size] of [
    ['small', 1000],
    ['large', 200_000],
  ] as const) {
    it(`in the storage that took a ${what} blob away makes it absent, not a fault: 404, and the next push repairs it`, async () => {
      const repository = newRepository()
      const bytes = Buffer.alloc(size, repository)
      const digest = await pushBlob(server, repository, bytes)
      for (const harm of [
        () => fs.rmSync(dataFile(digest)),
        () => {
          fs.rmSync(dataFile(digest))
          fs.mkdirSync(dataFile(digest))
        },
      ]) {
        harm()
        const absent = await getBlob(server, repository, digest)
        assert.deepEqual([absent.status, errorOf(absent).code], [404, 'BLOB_UNKNOWN'])
        if (fs.existsSync(dataFile(digest))) fs.rmdirSync(dataFile(digest))
        await pushBlob(server, repository, bytes)
        assert.deepEqual((await getBlob(server, repository, digest)).body, bytes)
      }
    })
  }

  it('that took a manifest’s bytes away makes the manifest absent: 404', async () => {
    const repository = newRepository()
    const put = await putManifest(server, repository, 'latest')
    assert.equal(put.status, 201)
    fs.rmSync(dataFile(sha256(Buffer.from(emptyIndex))))
    const answer = await exchange(server, { path: `/v2/${repository}/manifests/latest` })
    assert.deepEqual([answer.status, errorOf(answer).code], [404, 'MANIFEST_UNKNOWN'])
    assert.equal((await putManifest(server, repository, 'latest')).status, 201)
    assert.equal((await exchange(server, { path: `/v2/${repository}/manifests/latest` })).status, 200)
  })

  it('after the first byte of a body cuts the connection, so that nobody takes half a blob for a whole one', async () => {
    const repository = newRepository()
    const size = 30_000_000
    const digest = await pushBlob(server, repository, Buffer.alloc(size, 'x'))
    const id = `cut-${repository}`
    const connection = await connectRaw(server)
    connection.socket.pause()
    await connection.send(requestText('GET', `/v2/${repository}/blobs/${digest}`, { headers: { 'X-Request-Id': id } }))
    await sleep(200)
    fs.truncateSync(dataFile(digest), size / 2)
    connection.socket.resume()
    await connection.closed()

    const received = connection.received()
    assert.match(received, /^HTTP\/1\.1 200 [^]*^Content-Length: 30000000\r$/m)
    assert.ok(received.length < size)
    assert.match(await logged(id), /level=error msg="request failed".*file ends at 15000000/)
    assert.equal((await exchange(server, { path: '/v2/' })).status, 200)
  })

  it('does not happen to a download whose file is removed: it goes on to its end', async () => {
    const repository = newRepository()
    const size = 30_000_000
    const digest = await pushBlob(server, repository, Buffer.alloc(size, 'y'))
    const connection = await connectRaw(server)
    connection.socket.pause()
    await connection.send(requestText('GET', `/v2/${repository}/blobs/${digest}`, { headers: { Connection: 'close' } }))
    await sleep(200)
    fs.rmSync(dataFile(digest))
    connection.socket.resume()
    await connection.closed()
    const received = connection.received()
    assert.equal(received.length - received.indexOf('\r\n\r\n') - 4, size)
  })
})
