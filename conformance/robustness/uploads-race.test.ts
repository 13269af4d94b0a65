// Many clients on few uploads, in no order and with cuts: the bytes of two requests never mix, and the offset tells exactly what is there.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { digestOf } from '../../testing/digest-of.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { ask } from './support/ask.ts'
import { layOut, type Write } from './support/lay-out.ts'
import { finish, offsetIn, rangeHeader, startUpload, type PushSession } from './support/push-forms.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'
import { uploadDataFile } from './support/stored-tree.ts'

const uploads = 3
const clients = 8
const requestsEach = 25
const repository = 'race/app'

interface SharedUpload {
  session: PushSession
  writes: Write[]
}

describe(`${clients} clients on ${uploads} uploads`, function () {
  this.timeout(120_000)
  const seed = seedFrom('LADING_RACE_SEED')
  let server: TestServer

  before('a server starts', async () => {
    server = await startServer({ storage: 'filesystem', workers: 2 })
  })
  after('it stops', () => server.stop())

  it(`never mix their bytes, and what was acknowledged is all there (LADING_RACE_SEED=${seed})`, async () => {
    const shared = await Promise.all(Array.from({ length: uploads }, () => begin(server)))
    const outcomes = new Map<number, number>()
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const random = seededRandom(`${seed}/${client}`)
        for (let request = 0; request < requestsEach; request++) {
          const status = await append(server, random.pick(shared), random)
          outcomes.set(status, (outcomes.get(status) ?? 0) + 1)
        }
      }),
    )
    // Accepted, out of order, another one is writing; 0 for those that were cut.
    for (const status of outcomes.keys())
      assert.ok([202, 416, 409, 0].includes(status), `a PATCH was answered ${status}`)
    assert.ok((outcomes.get(202) ?? 0) > uploads, 'hardly any request was accepted')
    for (const upload of shared) await assertInOrder(server, upload)
  })

  it('two writers of the whole blob: one wins, the other is told so, and the blob is right', async () => {
    const random = seededRandom(`${seed}/two`)
    for (let round = 0; round < 10; round++) {
      const bytes = random.bytes(200_000)
      const { session } = await begin(server)
      session.blob = { bytes, digest: digestOf(bytes) }
      const answers = await Promise.all([finish(server.url, session, bytes), finish(server.url, session, bytes)])
      const statuses = answers.map(({ status }) => status)
      // The loser finds the upload busy, longer than it thought, gone, or (the same digest being there) done.
      assert.ok(statuses.includes(201), `answered ${statuses.join()}`)
      assert.ok(
        statuses.every((status) => [201, 404, 409, 416].includes(status)),
        `answered ${statuses.join()}`,
      )
      const pulled = await ask(server.url, { path: `/v2/${repository}/blobs/${session.blob.digest}` })
      assert.ok(pulled.body.equals(bytes), 'the blob has other bytes')
    }
  })
})

async function begin({ url }: TestServer): Promise<SharedUpload> {
  const session: PushSession = { repository, blob: { bytes: Buffer.of(), digest: 'sha256:' }, acknowledged: 0 }
  await startUpload(url, session)
  return { session, writes: [] }
}

/** One PATCH at, or near, where the upload is; resolves to its status, or 0 when it was cut on purpose. */
async function append(server: TestServer, { session, writes }: SharedUpload, random: Random): Promise<number> {
  const location = session.location as string
  const offset = offsetIn(await ask(server.url, { path: location }))
  const bytes = random.bytes(random.between(100, 30_000))
  const start = random.chance(0.1) ? offset + random.between(1, 50) : offset
  const ranged = random.chance(0.7)
  const write: Write = { bytes, isAcknowledged: false, ...(ranged ? { start } : {}) }
  writes.push(write)
  const { headers } = ranged ? rangeHeader(start, bytes.length) : { headers: {} }
  if (random.chance(0.2)) {
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': bytes.length, ...headers } }))
    await connection.send(bytes.subarray(0, random.below(bytes.length)))
    connection.cut()
    return 0
  }
  const answer = await ask(server.url, { method: 'PATCH', path: location, body: bytes, headers })
  if (answer.status === 202) {
    write.isAcknowledged = true
    write.start = offsetIn(answer) - bytes.length
  }
  return answer.status
}

async function assertInOrder(server: TestServer, { session, writes }: SharedUpload): Promise<void> {
  const location = session.location as string
  const { content, offset } = await atRest(server, location)
  assert.equal(offset, content.length, 'the offset is not what is stored')
  layOut(content, writes)
  session.blob = { bytes: content, digest: digestOf(content) }
  const answer = await finish(server.url, session)
  assert.equal(answer.status, 201, answer.body.toString())
  const pulled = await ask(server.url, { path: `/v2/${repository}/blobs/${session.blob.digest}` })
  assert.ok(pulled.body.equals(content), 'the blob has other bytes')
}

/** Requests that were cut may still be writing. */
async function atRest(server: TestServer, location: string): Promise<{ content: Buffer; offset: number }> {
  const file = uploadDataFile(server.root, repository, location)
  for (let last = -1; ; await new Promise((resolve) => setTimeout(resolve, 300))) {
    const offset = offsetIn(await ask(server.url, { path: location }))
    if (offset === last) return { content: fs.readFileSync(file), offset }
    last = offset
  }
}
