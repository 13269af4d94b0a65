import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorOf, exchange, jsonOf, type ErrorEnvelope } from '../../testing/exchange.ts'
import { holderOf, workersOf } from '../../testing/processes.ts'
import { finish, getBlob, newRepository, patch, resumeUpload, sha256, startUpload } from '../../testing/push.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { requireLinux } from '../../testing/requirements.ts'
import { sharedServer } from '../../testing/shared-server.ts'
import type { TestServer } from '../../testing/start-server.ts'

const refusals = [409, 416]

for (const workers of [1, 2]) {
  describe(`an upload, with ${workers} worker${workers === 1 ? '' : 's'}`, () => {
    let server: TestServer
    before(async () => {
      server = await sharedServer({ storage: 'filesystem', workers })
    })

    it('in chunks over different connections ends in the blob, whichever worker takes each chunk', async function () {
      if (workers > 1) requireLinux(this)
      const repository = newRepository()
      const chunks = Array.from({ length: 6 }, () => randomBytes(100_000))
      const location = await startUpload(server, repository)
      const holders = new Set<number | undefined>()
      const pids = workers > 1 ? await workersOf(server, workers) : []

      for (const chunk of chunks) {
        const connection = await connectRaw(server)
        await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': chunk.length } }))
        await connection.send(chunk.subarray(0, 1000))
        await sleep(30)
        if (workers > 1) holders.add(holderOf(connection.socket.localPort as number, server.port, pids))
        await connection.send(chunk.subarray(1000))
        await connection.expect(/^HTTP\/1\.1 202 /)
        connection.cut()
      }
      const bytes = Buffer.concat(chunks)
      const finished = await finish(server, location, sha256(bytes))

      assert.equal(finished.status, 201, finished.body.toString())
      assert.deepEqual((await getBlob(server, repository, sha256(bytes))).body, bytes)
      if (workers > 1) assert.deepEqual([holders.size, holders.has(undefined)], [2, false])
    })

    it('tells every worker the same offset', async () => {
      const repository = newRepository()
      const location = await startUpload(server, repository)
      await patch(server, location, randomBytes(5000))

      for (let i = 0; i < 4; i++) {
        const status = await exchange(server, { path: location })
        assert.deepEqual([status.status, status.headers.range], [204, '0-4999'])
      }
    })

    it('lets a second PATCH wait for the first, then refuses it: the offset that it began at is gone', async () => {
      const repository = newRepository()
      const [mine, theirs] = [Buffer.alloc(200_000, 'a'), Buffer.alloc(200_000, 'b')]
      const location = await startUpload(server, repository)
      const first = await connectRaw(server)
      await first.send(requestText('PATCH', location, { headers: { 'Content-Length': mine.length } }))
      await first.send(mine.subarray(0, 100_000))
      await sleep(100)

      const second = patch(server, location, theirs)
      await sleep(300)
      await first.send(mine.subarray(100_000))
      await first.expect(/^HTTP\/1\.1 202 /)
      first.cut()

      const refused = await second
      assert.ok(refusals.includes(refused.status), `got ${refused.status}`)
      assert.notEqual(errorOf(refused).message, '')
      assert.equal((await finish(server, location, sha256(mine))).status, 201)
    })

    it('refuses a second PATCH with a sentence that says what to do, when the first one goes on and on', async () => {
      const repository = newRepository()
      const location = await startUpload(server, repository)
      const first = await connectRaw(server)
      await first.send(requestText('PATCH', location, { headers: { 'Content-Length': 10 }, body: 'hello' }))
      await sleep(100)

      const refused = await patch(server, location, Buffer.from('intruder'))
      await first.send('world')
      await first.expect(/^HTTP\/1\.1 202 /)
      first.cut()

      assert.equal(refused.status, 409)
      assert.match(errorOf(refused).message, /wait for it, or ask with GET/)
      assert.equal((await finish(server, location, sha256(Buffer.from('helloworld')))).status, 201)
    })

    it('that two connections PATCH at full speed never holds interleaved bytes', async () => {
      const bodies = [Buffer.alloc(700_000, 'a'), Buffer.alloc(700_000, 'b')] as const
      for (let round = 0; round < 4; round++) {
        const repository = newRepository()
        const location = await startUpload(server, repository)

        const answers = await Promise.all(bodies.map((body) => patch(server, location, body)))

        const accepted = bodies.filter((_, index) => answers[index]?.status === 202)
        const refused = answers.filter(({ status }) => status !== 202)
        assert.ok(accepted.length > 0)
        assert.ok(refused.every(({ status }) => refusals.includes(status)))
        assert.ok(refused.every((answer) => jsonOf<ErrorEnvelope>(answer).errors.length === 1))
        // Both are right when one came after the other had ended.
        const orders = [accepted, accepted.toReversed()].map((order) => sha256(Buffer.concat(order)))
        const finished = await finish(server, location, orders[0] as string)
        if (finished.status !== 201) assert.equal(accepted.length, 2)
      }
    })

    it('whose connection is cut keeps what arrived, and goes on elsewhere at the offset that it tells', async () => {
      const repository = newRepository()
      const bytes = randomBytes(300_000)
      const location = await startUpload(server, repository)
      const cut = await connectRaw(server)
      await cut.send(requestText('PATCH', location, { headers: { 'Content-Length': bytes.length } }))
      await cut.send(bytes.subarray(0, 150_000))
      await sleep(100)
      cut.cut()
      await sleep(100)

      const offset = await resumeUpload(server, location, bytes)
      assert.ok(offset > 0 && offset <= 150_000, String(offset))
      assert.equal((await finish(server, location, sha256(bytes))).status, 201)
    })
  })
}
