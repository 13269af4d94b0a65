import assert from 'node:assert/strict'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange } from '../testing/exchange.ts'
import { newRepository, pushBlob } from '../testing/push.ts'
import { requireTool } from '../testing/requirements.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

const limit = 80
const connections = 300

for (const workers of [1, 2]) {
  describe(`running out of file descriptors (EMFILE), with ${workers} worker${workers === 1 ? '' : 's'}`, () => {
    let server: TestServer
    before(async function () {
      requireTool(this, 'prlimit')
      server = await startServer({ storage: 'filesystem', workers, within: ['prlimit', `--nofile=${limit}`] })
    })
    after(() => server?.kill())

    it('ends nothing: once connections close, requests are answered and content is stored again', async () => {
      const repository = newRepository()
      await pushBlob(server, repository, Buffer.from('before'))
      const sockets = Array.from({ length: connections }, () => {
        const socket = net.connect({ port: server.port, host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.once('connect', () => socket.write('GET /v2/_catalog HTTP/1.1\r\nHost: x\r\n\r\n'))
        return socket
      })
      await sleep(1200)
      assert.equal(server.process.exitCode, null, server.output())
      for (const socket of sockets) socket.destroy()

      const deadline = Date.now() + 8000
      let digest: string | undefined
      while (digest === undefined && Date.now() < deadline) {
        digest = await pushBlob(server, repository, Buffer.from('after')).catch(() => undefined)
        if (digest === undefined) await sleep(100)
      }
      assert.ok(digest !== undefined, server.output())
      for (let i = 0; i < 10; i++) {
        const answer = await exchange(server, { path: `/v2/${repository}/blobs/${digest}` })
        assert.equal(answer.body.toString(), 'after')
      }
      assert.doesNotMatch(server.output(), /uncaughtException|worker died/)
    })
  })
}
