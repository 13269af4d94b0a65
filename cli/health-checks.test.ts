import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorOf, exchange, jsonOf } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { workersOf } from '../testing/processes.ts'
import { requireLinux } from '../testing/requirements.ts'
import { freePort, startServer, type TestServer } from '../testing/start-server.ts'

const workers = 2

describe('health checks', () => {
  const folder = freshFolder()
  const root = path.join(folder, 'data')
  const flagFile = path.join(folder, 'maintenance')
  let dependencyStatus = 200
  const dependency = http.createServer((_, response) => void response.writeHead(dependencyStatus).end())
  const other = net.createServer((socket) => socket.destroy())
  let otherPort: number
  let server: TestServer
  let debug: { url: string }

  before(async function () {
    requireLinux(this)
    await new Promise<void>((resolve) => dependency.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    otherPort = (other.address() as net.AddressInfo).port
    const debugPort = await freePort()
    debug = { url: `http://127.0.0.1:${debugPort}` }
    const file = path.join(folder, 'config.yml')
    fs.writeFileSync(
      file,
      `version: 0.1
storage:
  filesystem: { rootdirectory: ${root} }
http:
  debug: { addr: 127.0.0.1:${debugPort} }
health:
  storagedriver: { enabled: true, interval: 100ms, threshold: 3 }
  file:
    - { file: ${flagFile}, interval: 100ms }
  tcp:
    - { addr: 127.0.0.1:${otherPort}, interval: 100ms, timeout: 500ms }
  http:
    - { uri: http://127.0.0.1:${(dependency.address() as net.AddressInfo).port}/, interval: 100ms, timeout: 500ms }
`,
    )
    server = await startServer({ storage: 'filesystem', root, workers, file })
    await workersOf(server, workers)
  })
  after(async () => {
    await server?.stop()
    dependency.close()
    other.close()
  })

  async function untilAll(target: string, status: number): Promise<void> {
    const deadline = Date.now() + 5000
    while (Date.now() < deadline) {
      const answers = await Promise.all(Array.from({ length: workers * 2 }, () => exchange(server, { path: target })))
      if (answers.every((answer) => answer.status === status)) return
      await sleep(30)
    }
    assert.fail(`${target} is not ${status} on all workers`)
  }

  /** All workers refuse while `name` fails, as the debug server says, and serve again once `mend` has been called. */
  async function assertOutage(name: string, trouble: RegExp, mend: () => unknown): Promise<void> {
    await untilAll('/v2/', 503)
    const refused = await exchange(server, { path: '/v2/' })
    assert.deepEqual([errorOf(refused).code, errorOf(refused).detail], ['UNAVAILABLE', { checks: [name] }])
    const ready = await exchange(server, { path: '/readyz' })
    assert.deepEqual([ready.status, jsonOf(ready)], [503, { status: 'unhealthy', failing: [name] }])
    assert.equal((await exchange(server, { path: '/healthz' })).status, 200)
    const shown = await exchange(debug, { path: '/debug/health' })
    assert.equal(shown.status, 503)
    assert.match(jsonOf<Record<string, string>>(shown)[name] ?? '', trouble)

    await mend()
    await untilAll('/v2/', 200)
    await untilAll('/readyz', 200)
    assert.deepEqual(jsonOf(await exchange(debug, { path: '/debug/health' })), {})
  }

  it('of the storage: while its root folder is gone all workers answer 503, and they recover', async () => {
    const elsewhere = `${root}-elsewhere`
    fs.renameSync(root, elsewhere)
    await assertOutage('storagedriver_filesystem', /ENOENT/, () => fs.renameSync(elsewhere, root))
  })

  it('of a file: while it exists the registry is out of service', async () => {
    fs.writeFileSync(flagFile, '')
    await assertOutage(flagFile, /file exists/, () => fs.rmSync(flagFile))
  })

  it('of another server over HTTP: its status must be the expected one', async () => {
    dependencyStatus = 500
    const { port } = dependency.address() as net.AddressInfo
    await assertOutage(`http://127.0.0.1:${port}/`, /status 500, expected 200/, () => (dependencyStatus = 200))
  })

  it('of another server over TCP: it must take connections', async () => {
    await new Promise((resolve) => other.close(resolve))
    await assertOutage(
      `127.0.0.1:${otherPort}`,
      /ECONNREFUSED/,
      () => new Promise<void>((resolve) => other.listen(otherPort, '127.0.0.1', resolve)),
    )
  })
})
