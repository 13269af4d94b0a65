// Clients whose connection breaks at a random byte of an upload, a download or a manifest.
import assert from 'node:assert/strict'
import { digestOf } from '../../testing/digest-of.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { requireLinux } from '../../testing/requirements.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { eventually } from '../../testing/wait-for.ts'
import { ask } from './support/ask.ts'
import { indexOf, type Content } from './support/content.ts'
import { openContentOf } from './support/process-tree.ts'
import { offsetIn, pushForms, Refusal, resume, startUpload, type PushSession } from './support/push-forms.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'

const cuts = Number(process.env['LADING_CUTS'] ?? 200)
const repository = 'cut/app'
const atOnce = 4

describe(`clients that are cut at a random byte (${cuts} cuts)`, function () {
  this.timeout(180_000)
  const seed = seedFrom('LADING_CUT_SEED')
  let server: TestServer

  before('a server starts', async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', workers: 2 })
  })
  after('it stops', async () => server?.stop())

  it(`an upload tells honestly how far it came, and can be finished (LADING_CUT_SEED=${seed})`, async () => {
    await many(seededRandom(`${seed}/upload`), cuts / 2, (random) => cutUpload(server, random))
  })

  it(`a download leaves nothing open, and can be gone on with (LADING_CUT_SEED=${seed})`, async () => {
    const bytes = seededRandom(seed).bytes(3 * 1024 * 1024)
    const blob = { bytes, digest: digestOf(bytes) }
    await pushWhole(server, blob)
    await many(seededRandom(`${seed}/download`), cuts / 2, (random) => cutDownload(server, blob, random))
    assert.ok(await eventually(() => openContentOf(server).length === 0), `still open: ${openContentOf(server).join()}`)
  })

  it(`a blob or a manifest in one request that was cut is not there (LADING_CUT_SEED=${seed})`, async () => {
    await many(seededRandom(`${seed}/whole`), 20, (random) => cutWholePush(server, random))
  })
})

/** The body of a PATCH or of the closing PUT stops somewhere. */
async function cutUpload(server: TestServer, random: Random): Promise<void> {
  const bytes = random.bytes(random.between(1000, 300_000))
  const session: PushSession = { repository, blob: { bytes, digest: digestOf(bytes) }, acknowledged: 0 }
  await startUpload(server.url, session)
  const location = session.location as string
  const isPut = random.chance(0.3)
  const isChunked = !isPut && random.chance(0.5)
  const path = isPut ? `${location}${location.includes('?') ? '&' : '?'}digest=${session.blob.digest}` : location
  const headers: Record<string, string | number> = isChunked
    ? { 'Transfer-Encoding': 'chunked' }
    : { 'Content-Length': bytes.length, ...(random.chance(0.5) ? { 'Content-Range': `0-${bytes.length - 1}` } : {}) }
  const sent = random.below(bytes.length)
  await sendAndCut(server, requestText(isPut ? 'PUT' : 'PATCH', path, { headers }), [
    isChunked ? `${bytes.length.toString(16)}\r\n` : '',
    bytes.subarray(0, sent),
  ])

  const offset = await offsetOf(server, location)
  assert.ok(offset <= sent, `${offset} bytes acknowledged, ${sent} sent`)
  // The bytes may still be on their way in; once the cut is noticed the offset stands.
  const answer = await resumeWhenFree(server, session)
  assert.equal(answer.status, 201, answer.body.toString())
  await assertPulls(server, session.blob)
}

async function cutDownload(server: TestServer, { bytes, digest }: Content, random: Random): Promise<void> {
  const path = `/v2/${repository}/blobs/${digest}`
  const connection = await connectRaw(server)
  await connection.send(requestText('GET', path))
  const least = random.below(bytes.length)
  await eventually(() => connection.socket.bytesRead >= least)
  connection.cut()
  const rest = await ask(server.url, { path, headers: { Range: `bytes=${least}-` } })
  assert.equal(rest.status, 206)
  assert.ok(rest.body.equals(bytes.subarray(least)), 'the rest has other bytes')
}

async function cutWholePush(server: TestServer, random: Random): Promise<void> {
  const bytes = random.bytes(random.between(1000, 100_000))
  const digest = digestOf(bytes)
  await sendAndCut(
    server,
    requestText('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      headers: { 'Content-Length': bytes.length },
    }),
    [bytes.subarray(0, random.below(bytes.length))],
  )
  const manifest = indexOf([], `cut ${digest}`)
  const tag = `cut-${digest.slice(7, 15)}`
  await sendAndCut(
    server,
    requestText('PUT', `/v2/${repository}/manifests/${tag}`, {
      headers: { 'Content-Type': manifest.mediaType, 'Content-Length': manifest.bytes.length },
    }),
    [manifest.bytes.subarray(0, random.below(manifest.bytes.length))],
  )
  for (const path of [`blobs/${digest}`, `manifests/${tag}`, `manifests/${manifest.digest}`]) {
    assert.equal((await ask(server.url, { path: `/v2/${repository}/${path}` })).status, 404, path)
  }
}

async function sendAndCut(server: TestServer, head: string, body: readonly (string | Uint8Array)[]): Promise<void> {
  const connection = await connectRaw(server)
  await connection.send(head)
  for (const part of body) await connection.send(part)
  connection.cut()
}

async function offsetOf(server: TestServer, location: string): Promise<number> {
  const answer = await ask(server.url, { path: location })
  assert.equal(answer.status, 204, answer.body.toString())
  return offsetIn(answer)
}

/** What grew since it was asked for is refused, and asked for again: that is what the offset is for. */
async function resumeWhenFree(server: TestServer, session: PushSession): ReturnType<typeof resume> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await resume(server.url, session)
    } catch (error) {
      const isBusy = error instanceof Refusal && [409, 416].includes(error.answer.status)
      if (!isBusy || attempt === 5) throw error
    }
  }
}

async function pushWhole(server: TestServer, blob: Content): Promise<void> {
  const push = pushForms['one POST'] ?? assert.fail()
  const answer = await push(server.url, { repository, blob, acknowledged: 0 }, seededRandom(1))
  assert.equal(answer.status, 201, answer.body.toString())
}

async function assertPulls(server: TestServer, { bytes, digest }: Content): Promise<void> {
  const answer = await ask(server.url, { path: `/v2/${repository}/blobs/${digest}` })
  assert.equal(answer.status, 200)
  assert.ok(answer.body.equals(bytes), 'the blob has other bytes')
}

async function many(random: Random, times: number, work: (random: Random) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < times) await work(random.fork(String(next++)))
    }),
  )
}
