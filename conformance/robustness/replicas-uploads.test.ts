// Uploads whose requests reach any of three replicas: in turn, at once, and broken off behind the load balancer.
import assert from 'node:assert/strict'
import { digestOf } from '../../testing/digest-of.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { requireTool } from '../../testing/requirements.ts'
import { startReplicas, type Replicas } from '../../testing/start-replicas.ts'
import { ask } from './support/ask.ts'
import type { Content } from './support/content.ts'
import { finish, offsetIn, patch, rangeHeader, resume, startUpload, type PushSession } from './support/push-forms.ts'
import { createRetries } from './support/replicas-retries.ts'
import { demand } from './support/replicas-round.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'

const repository = 'uploads/app'
const mebibyte = 1024 * 1024
/** The least that S3 takes. */
const partBytes = 5 * mebibyte
const environment = { REGISTRY_STORAGE_S3_CHUNKSIZE: String(partBytes) }
const cuts = Number(process.env['LADING_CUTS'] ?? 40)
const seed = seedFrom('LADING_REPLICA_SEED')
/** Another one is writing, or the offset has moved on, or the upload is over. */
const refusals = [404, 409, 416]
/** Refused before all of it was sent, on a connection that is then closed: not every client still reads the answer. */
const cutWhileSending = 0

for (const withRedis of [true, false]) {
  describe(`an upload on three replicas ${withRedis ? 'with' : 'without'} Redis (LADING_REPLICA_SEED=${seed})`, function () {
    this.timeout(240_000)
    const random = seededRandom(`${seed}/${withRedis}`)
    let replicas: Replicas

    before('they start', async function () {
      for (const tool of ['versitygw', 'nginx', ...(withRedis ? ['redis-server'] : [])]) requireTool(this, tool)
      replicas = await startReplicas(3, { workers: 1, withRedis, environment })
    })
    after('they stop', () => replicas?.stop())

    const urlOf = (turn: number): string => replicas.servers[turn % 3]?.url ?? assert.fail()

    async function begin(blob: Content): Promise<PushSession> {
      const session: PushSession = { repository, blob, acknowledged: 0 }
      await startUpload(urlOf(random.below(3)), session)
      return session
    }

    async function assertEverywhere({ digest, bytes }: Content): Promise<void> {
      for (const { url } of replicas.servers) {
        const { body } = await demand(url, 200, { path: `/v2/${repository}/blobs/${digest}` })
        assert.ok(body.equals(bytes), 'the blob has other bytes')
      }
    }

    it('takes its chunks on one replica after the other, of any size, and ends on any', async () => {
      for (let round = 0; round < 6; round++) {
        const blob = contentOf(random.bytes(random.between(1, 4 * partBytes)))
        const session = await begin(blob)
        for (let turn = round; session.acknowledged < blob.bytes.length; turn++) {
          const start = session.acknowledged
          const body = blob.bytes.subarray(start, start + chunkSize(random))
          await patch(urlOf(turn), session, { body, ...rangeHeader(start, body.length) })
          // `0-0` is what registries say of one byte as well as of none.
          if (start + body.length === 1) session.acknowledged = 1
          assert.equal(session.acknowledged, start + body.length, 'the offset after an accepted chunk')
          const status = await demand(urlOf(turn + 1), 204, { path: session.location as string })
          assert.equal(offsetIn(status), session.acknowledged === 1 ? 0 : session.acknowledged)
          const tooFar = rangeHeader(session.acknowledged + 10, 10)
          const wrong = { method: 'PATCH', path: session.location as string, body: Buffer.alloc(10), ...tooFar }
          await demand(urlOf(turn + 2), 416, wrong)
        }
        assert.equal((await finish(urlOf(random.below(3)), session)).status, 201)
        await assertEverywhere(blob)
      }
    })

    it('takes the bytes of one of those who write at once on different replicas, whole, and refuses the others', async () => {
      const outcomes = new Map<number, number>()
      for (let round = 0; round < 4; round++) {
        const session = await begin(contentOf(Buffer.of()))
        const written: Buffer[] = []
        let size = 0
        for (let turn = 0; turn < 5; turn++) {
          const isRanged = random.chance(0.5)
          const length = random.pick([500, 40_000, 2 * mebibyte, partBytes + 1000])
          const attempts = await Promise.all(
            replicas.servers.map(async ({ url }) => {
              const body = random.bytes(length)
              const path = session.location as string
              const range = isRanged ? rangeHeader(size, length) : {}
              const sent = ask(url, { method: 'PATCH', path, body, ...range })
              const answer = await sent.catch(() => ({ status: cutWhileSending, headers: {}, body: Buffer.of() }))
              outcomes.set(answer.status, (outcomes.get(answer.status) ?? 0) + 1)
              return { body, answer }
            }),
          )
          for (const { answer } of attempts) {
            assert.ok([202, cutWhileSending, ...refusals].includes(answer.status), `answered ${answer.status}`)
          }
          // Those without a range may also come one after the other; each is told where it ended.
          const accepted = attempts
            .filter(({ answer }) => answer.status === 202)
            .sort((a, b) => offsetIn(a.answer) - offsetIn(b.answer))
          for (const { body, answer } of accepted) {
            size += body.length
            written.push(body)
            assert.equal(offsetIn(answer), size, 'two requests were given the same place')
          }
          session.location = (await demand(urlOf(turn), 204, { path: session.location as string })).headers
            .location as string
        }
        session.blob = contentOf(Buffer.concat(written))
        const end = await finish(urlOf(round), session)
        assert.equal(end.status, 201, end.body.toString())
        await assertEverywhere(session.blob)
      }
      assert.ok((outcomes.get(202) ?? 0) > 4, 'hardly any request was accepted')
    })

    it('can be ended on all replicas at once, with its last bytes or without', async () => {
      for (let round = 0; round < 12; round++) {
        const blob = contentOf(random.bytes(random.pick([3000, 2 * mebibyte, 2 * partBytes + 5])))
        const session = await begin(blob)
        const first = round % 3 === 0 ? blob.bytes.length : Math.floor(blob.bytes.length * 0.6)
        const body = blob.bytes.subarray(0, first)
        await patch(urlOf(round), session, { body, ...rangeHeader(0, first) })
        const rest = first === blob.bytes.length ? undefined : blob.bytes.subarray(first)
        const answers = await Promise.all(replicas.servers.map(({ url }) => finish(url, session, rest)))
        const statuses = answers.map(({ status }) => status)
        assert.ok(statuses.includes(201), `answered ${statuses.join()}`)
        assert.ok(
          statuses.every((status) => [201, ...refusals].includes(status)),
          `answered ${statuses.join()}`,
        )
        await assertEverywhere(blob)
      }
    })

    it(`tells honestly how far it came when the client was cut behind the load balancer, and can be finished (${cuts} cuts)`, async () => {
      const pushes = createRetries('uploads')
      for (let round = 0; round < cuts; round += 4) {
        await Promise.all(
          [0, 1, 2, 3].map(async (at) => {
            const own = random.fork(`cut ${round + at}`)
            const blob = contentOf(own.bytes(own.between(1000, own.chance(0.2) ? 2 * partBytes : 300_000)))
            const session = await begin(blob)
            const sent = await sendAndCut(replicas.url, session, own)
            const { headers } = await demand(replicas.url, 204, { path: session.location as string })
            const offset = offsetIn({ status: 204, headers, body: Buffer.of() })
            assert.ok(offset <= sent, `${offset} bytes acknowledged, ${sent} sent`)
            // The bytes may still be on their way in; once the cut is noticed the offset stands.
            const finished = async (): Promise<void> =>
              assert.equal((await resume(replicas.url, session)).status, 201, 'the end of a cut upload')
            await pushes.until(finished, refusals)
            await assertEverywhere(blob)
          }),
        )
      }
      console.log(`        ${pushes.summary()}`)
    })
  })
}

/** The body of a PATCH or of the closing PUT stops somewhere. Resolves to how many bytes were sent. */
async function sendAndCut(url: string, { location = '', blob }: PushSession, random: Random): Promise<number> {
  const { bytes, digest } = blob
  const isPut = random.chance(0.3)
  const isChunked = !isPut && random.chance(0.5)
  const path = isPut ? `${location}${location.includes('?') ? '&' : '?'}digest=${digest}` : location
  const headers: Record<string, string | number> = isChunked
    ? { 'Transfer-Encoding': 'chunked' }
    : { 'Content-Length': bytes.length, ...(random.chance(0.5) ? rangeHeader(0, bytes.length).headers : {}) }
  const sent = random.below(bytes.length)
  const connection = await connectRaw({ port: Number(new URL(url).port) })
  await connection.send(requestText(isPut ? 'PUT' : 'PATCH', path, { headers }))
  if (isChunked) await connection.send(`${bytes.length.toString(16)}\r\n`)
  await connection.send(bytes.subarray(0, sent))
  connection.cut()
  return sent
}

function contentOf(bytes: Buffer): Content {
  return { bytes, digest: digestOf(bytes) }
}

function chunkSize(random: Random): number {
  return random.pick([1, random.between(2, 100), random.between(10_000, 200_000), mebibyte, partBytes, partBytes + 17])
}
