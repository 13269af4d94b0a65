import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange, jsonOf } from '../testing/exchange.ts'
import { childrenOf, isAlive, workersOf } from '../testing/processes.ts'
import { finish, newRepository, offsetOf, pushBlob, resumeUpload, sha256, startUpload } from '../testing/push.ts'
import { connectRaw, requestText, type RawConnection } from '../testing/raw-connection.ts'
import { requireLinux } from '../testing/requirements.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'
import { waitFor } from '../testing/wait-for.ts'

const repository = newRepository()

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A PUT that ends an upload, of which the server has half. */
async function beginUpload(server: TestServer, bytes: Buffer): Promise<RawConnection> {
  const location = new URL(await startUpload(server, repository), server.url)
  const path = `${location.pathname}?digest=${sha256(bytes)}`
  const connection = await connectRaw(server)
  await connection.send(requestText('PUT', path, { headers: { 'Content-Length': bytes.length } }))
  await connection.send(bytes.subarray(0, bytes.length / 2))
  return connection
}

for (const workers of [1, 2]) {
  describe(`SIGTERM, with ${workers} worker${workers === 1 ? '' : 's'}`, () => {
    let server: TestServer
    before(async function () {
      if (workers > 1) requireLinux(this)
      server = await startServer({
        storage: 'filesystem',
        workers,
        environment: { REGISTRY_HTTP_READINESSDELAY: '700ms', REGISTRY_HTTP_DRAINTIMEOUT: '10s' },
      })
      if (workers > 1) await workersOf(server, workers)
    })
    after(() => server?.kill())

    it('fails readiness first, then refuses connections, finishes what runs, and exits with 0', async () => {
      const blob = Buffer.alloc(40_000_000, 'd')
      const digest = await pushBlob(server, repository, blob)
      const download = await connectRaw(server)
      download.socket.pause()
      await download.send(requestText('GET', `/v2/${repository}/blobs/${digest}`))
      const bytes = randomBytes(2000)
      const upload = await beginUpload(server, bytes)
      const idle = await connectRaw(server)
      await idle.send(requestText('GET', '/v2/'))
      await idle.expect(/\{\}$/)

      await sleep(100)
      server.process.kill('SIGTERM')
      await sleep(250)
      // Load balancers still send requests, and learn that they should stop.
      const readiness = await exchange(server, { path: '/readyz' })
      assert.deepEqual([readiness.status, jsonOf<{ status: string }>(readiness).status], [503, 'draining'])
      assert.equal((await exchange(server, { path: '/healthz' })).status, 200)
      assert.equal((await exchange(server, { path: '/v2/' })).status, 200)

      await sleep(900)
      assert.equal(await canConnect(server.port), false)
      assert.equal(idle.isClosed(), true)
      assert.equal(server.process.exitCode, null)

      await upload.send(bytes.subarray(bytes.length / 2))
      assert.match(await upload.expect(/\r\n\r\n/), /^HTTP\/1\.1 201 /)
      await upload.closed()
      download.socket.resume()
      await download.closed()
      const received = download.received()
      assert.equal(received.length - received.indexOf('\r\n\r\n') - 4, blob.length)
      assert.equal(await server.ended, 0)
    })
  })
}

describe('SIGTERM', () => {
  it('cuts what still runs when http.draintimeout is over, and exits with 0; the upload can go on afterwards', async () => {
    const environment = { REGISTRY_HTTP_DRAINTIMEOUT: '800ms' }
    const server = await startServer({ storage: 'filesystem', workers: 1, environment })
    const bytes = randomBytes(3_000_000)
    const location = await startUpload(server, repository)
    const upload = await connectRaw(server)
    await upload.send(requestText('PATCH', location, { headers: { 'Content-Length': bytes.length } }))
    await upload.send(bytes.subarray(0, 2_000_000))
    await waitFor(async () => (await offsetOf(server, location)) > 0)

    const startedAt = performance.now()
    server.process.kill('SIGTERM')
    assert.equal(await server.ended, 0)
    const elapsedMs = performance.now() - startedAt
    await upload.closed()

    assert.ok(elapsedMs > 700 && elapsedMs < 4000, `${elapsedMs} ms`)
    assert.doesNotMatch(upload.received(), /^HTTP/)
    assert.match(server.output(), /msg="drain time is over, running requests were cut"/)

    const next = await startServer({ storage: 'filesystem', root: server.root, workers: 1 })
    const offset = await resumeUpload(next, location, bytes)
    assert.ok(offset > 0 && offset <= 2_000_000, String(offset))
    assert.equal((await finish(next, location, sha256(bytes))).status, 201)
    await next.stop()
  })

  it('while workers are still starting ends them all', async function () {
    requireLinux(this)
    const server = await startServer({ storage: 'filesystem', workers: 2 })
    // Ready means that the first one listens.
    const pids = childrenOf(server.process.pid as number)
    server.process.kill('SIGTERM')
    assert.equal(await Promise.race([server.ended, sleep(10_000, 'still running', { ref: false })]), 0)
    assert.deepEqual(pids.filter(isAlive), [])
  })
})
