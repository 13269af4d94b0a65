import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange } from '../testing/exchange.ts'
import { childrenOf, connectTo, isAlive, workersOf } from '../testing/processes.ts'
import { finish, newRepository, resumeUpload, sha256, startUpload } from '../testing/push.ts'
import { requestText, type RawConnection } from '../testing/raw-connection.ts'
import { requireLinux } from '../testing/requirements.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'
import { waitFor } from '../testing/wait-for.ts'

const count = 2

describe('workers', () => {
  let server: TestServer
  let pids: number[]
  before(async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', workers: count })
    pids = await workersOf(server, count)
  })
  after(() => server?.kill())

  /** An upload of `bytes`, of which the process `pid` has taken half. */
  async function beginUpload(bytes: Buffer, pid: number): Promise<{ connection: RawConnection; location: string }> {
    const location = await startUpload(server, newRepository())
    const connection = await connectTo(server, pid)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': bytes.length } }))
    await connection.send(bytes.subarray(0, bytes.length / 2))
    return { connection, location }
  }

  it('that are killed (SIGKILL) are replaced, and requests on the others do not notice', async () => {
    const bytes = randomBytes(400_000)
    const [killed, living] = pids as [number, number]
    const victim = await beginUpload(bytes, killed)
    const survivor = await beginUpload(bytes, living)
    await sleep(50)

    process.kill(killed, 'SIGKILL')
    await victim.connection.closed()
    await waitFor(() => /level=error msg="worker died, another one takes its place"/.test(server.output()))
    // From now on, also before there is a successor, nobody is refused.
    for (let i = 0; i < 10; i++) assert.equal((await exchange(server, { path: '/v2/' })).status, 200)
    await survivor.connection.send(bytes.subarray(bytes.length / 2))
    assert.match(await survivor.connection.expect(/\r\n\r\n/), /^HTTP\/1\.1 202 /)
    survivor.connection.cut()
    assert.equal((await finish(server, survivor.location, sha256(bytes))).status, 201)

    assert.equal((await workersOf(server, count)).includes(killed), false)

    // The dead one held the upload's lock.
    await resumeUpload(server, victim.location, bytes)
    assert.equal((await finish(server, victim.location, sha256(bytes))).status, 201)
  })

  it('that die while the registry ends do not keep it from ending', async () => {
    const other = await startServer({ storage: 'filesystem', workers: count })
    const [victim] = await workersOf(other, count)
    process.kill(victim as number, 'SIGKILL')
    // Its successor is on its way: told to end before it listens.
    await sleep(700)
    other.process.kill('SIGTERM')
    assert.equal(await Promise.race([other.ended, sleep(10_000, 'still running', { ref: false })]), 0)
  })

  it('end by themselves when the primary process is killed (SIGKILL): no orphans, and the port is free', async () => {
    const workers = childrenOf(server.process.pid as number)
    assert.equal(workers.length, count)
    server.process.kill('SIGKILL')
    await server.ended

    const deadline = Date.now() + 5000
    while (workers.some(isAlive) && Date.now() < deadline) await sleep(20)
    assert.deepEqual(workers.filter(isAlive), [])
    // The kernel closes a dead process's sockets when the last of its threads is gone, a moment later.
    while (!(await isFree(server.port)) && Date.now() < deadline) await sleep(20)
    assert.ok(await isFree(server.port))
  })
})

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = net.createServer()
    listener.once('error', () => resolve(false))
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)))
  })
}
