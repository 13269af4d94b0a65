// Clients that trickle, and a thousand that only hold a connection: everybody else is served as if they were not there.
import assert from 'node:assert/strict'
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '../../testing/digest-of.ts'
import { connectRaw, requestText, type RawConnection } from '../../testing/raw-connection.ts'
import { requireLinux } from '../../testing/requirements.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { eventually } from '../../testing/wait-for.ts'
import { ask } from './support/ask.ts'
import { randomBlob, type Content } from './support/content.ts'
import { handlesOf, mebibyte, memoryOf, openContentOf } from './support/process-tree.ts'
import { pushForms } from './support/push-forms.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'

const repository = 'slow/app'
const slowReaders = 40
const slowWriters = 20
const pauseMs = 60
const idleConnections = 1000

const seed = seedFrom('LADING_SLOW_SEED')

describe(`slow and silent clients (LADING_SLOW_SEED=${seed})`, function () {
  this.timeout(120_000)
  const random = seededRandom(seed)
  let server: TestServer

  before('a server starts', async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', workers: 2 })
  })
  after('it stops', async () => server?.stop())

  it('trickling readers and writers get all of their bytes, hold nothing in memory, and do not hold up others', async () => {
    const bytes = random.bytes(16 * mebibyte)
    const big = { bytes, digest: digestOf(bytes) }
    await push(big)
    const before = memoryOf(server)
    let peak = before
    const slow = Promise.all([
      ...Array.from({ length: slowReaders }, () => readSlowly(server, big)),
      ...Array.from({ length: slowWriters }, () => writeSlowly(server, randomBlob(random))),
    ])
    let others = 0
    const over = new AbortController()
    void slow.finally(() => over.abort()).catch(() => {})
    while (!over.signal.aborted) {
      await pushAndPull(randomBlob(random))
      peak = Math.max(peak, memoryOf(server))
      others++
    }
    await slow
    assert.ok(others >= 3, `only ${others} others were served`)
    const grown = (peak - before) / mebibyte
    // All of what the slow readers read would be 640 MiB.
    assert.ok(grown < 200, `the server grew by ${grown.toFixed()} MiB`)
    assert.ok(await eventually(() => openContentOf(server).length === 0), 'content is still open')
  })

  it(`${idleConnections} idle connections do not hold up requests, and work when they are used`, async () => {
    const handles = handlesOf(server)
    const idle: RawConnection[] = []
    for (let at = 0; at < idleConnections; at += 50) {
      idle.push(...(await Promise.all(Array.from({ length: 50 }, () => connectRaw(server)))))
    }
    // A third is silent from the beginning, a third after a request, a third in the middle of one.
    const [silent, used, halfway] = [0, 1, 2].map((kind) => idle.filter((_, at) => at % 3 === kind)) as [
      RawConnection[],
      RawConnection[],
      RawConnection[],
    ]
    await Promise.all(used.map((connection) => connection.send(requestText('GET', '/v2/'))))
    await Promise.all(used.map((connection) => connection.expect(/HTTP\/1\.1 200/)))
    await Promise.all(halfway.map((connection) => connection.send('GET /v2/ HTTP/1.1\r\nHost: regis')))

    for (let round = 0; round < 10; round++) await pushAndPull(randomBlob(random))

    await Promise.all(silent.map((connection) => connection.send(requestText('GET', '/v2/'))))
    await Promise.all(halfway.map((connection) => connection.send('try.test\r\n\r\n')))
    await Promise.all([...silent, ...halfway].map((connection) => connection.expect(/HTTP\/1\.1 200/)))
    idle.forEach((connection) => connection.cut())
    assert.ok(await eventually(() => handlesOf(server) <= handles + 20), 'handles stay open')
  })

  async function push(blob: Content): Promise<void> {
    const form = pushForms[random.pick(Object.keys(pushForms))] ?? assert.fail()
    const answer = await form(server.url, { repository, blob, acknowledged: 0 }, random)
    assert.equal(answer.status, 201, answer.body.toString())
  }

  async function pushAndPull(blob: Content): Promise<void> {
    await push(blob)
    const answer = await ask(server.url, { path: `/v2/${repository}/blobs/${blob.digest}` })
    assert.equal(answer.status, 200)
    assert.ok(answer.body.equals(blob.bytes), 'the blob has other bytes')
  }
})

/** Takes a piece, pauses, and reads at full speed only when the others have been served for a while. */
async function readSlowly({ url }: TestServer, { bytes, digest }: Content): Promise<void> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(`${url}/v2/${repository}/blobs/${digest}`, { agent: false }, resolve).once('error', reject)
  })
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    if (chunks.length < 50) await sleep(pauseMs)
  }
  assert.ok(Buffer.concat(chunks).equals(bytes), 'a slow reader got other bytes')
}

async function writeSlowly({ url }: TestServer, blob: Content): Promise<void> {
  async function* trickle(): AsyncIterable<Buffer> {
    const step = Math.ceil(blob.bytes.length / 50)
    for (let start = 0; start < blob.bytes.length; start += step) {
      yield blob.bytes.subarray(start, start + step)
      await sleep(pauseMs)
    }
  }
  const path = `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`
  const answer = await ask(url, { method: 'POST', path, body: trickle() })
  assert.equal(answer.status, 201, answer.body.toString())
}
