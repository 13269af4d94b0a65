// Many big pushes at once: memory does not follow the bytes.
import assert from 'node:assert/strict'
import { requireLinux } from '../../testing/requirements.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { ask } from './support/ask.ts'
import { bigBlobs, digestOfStream, type BigBlob } from './support/big-blob.ts'
import { mebibyte, watchMemory } from './support/process-tree.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'

const pushes = 64
const size = 32 * mebibyte
/** Three idle processes take 200 MiB; each push may have two pieces of half a MiB under way. */
const mostMemory = 512 * mebibyte
const repository = 'many/app'

const seed = seedFrom('LADING_MANY_SEED')

describe(`${pushes} pushes of ${size / mebibyte} MiB at once (LADING_MANY_SEED=${seed})`, function () {
  this.timeout(240_000)
  let server: TestServer

  before('a server starts', async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', workers: 2 })
  })
  after('it stops', async () => server?.stop())

  it(`all succeed, and all processes together stay below ${mostMemory / mebibyte} MiB`, async () => {
    const blobs = bigBlobs(seededRandom(seed), { count: pushes, size })
    const peakOf = watchMemory(server)
    await Promise.all(blobs.map((blob) => pushStreamed(server.url, blob)))
    const peak = peakOf()
    console.log(`        peak of all processes: ${(peak / mebibyte).toFixed()} MiB`)
    assert.ok(peak < mostMemory, `the peak was ${(peak / mebibyte).toFixed()} MiB`)

    for (const blob of [blobs[0], blobs.at(-1)] as BigBlob[]) {
      const answer = await fetch(`${server.url}/v2/${repository}/blobs/${blob.digest}`)
      assert.equal(await digestOfStream(answer.body ?? assert.fail('no body')), blob.digest)
    }
  })
})

async function pushStreamed(url: string, { digest, pieces }: BigBlob): Promise<void> {
  const start = await ask(url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  assert.equal(start.status, 202)
  const body = pieces()
  const sent = await ask(url, { method: 'PATCH', path: String(start.headers.location), body })
  assert.equal(sent.status, 202, sent.body.toString())
  const location = String(sent.headers.location)
  const path = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
  const end = await ask(url, { method: 'PUT', path })
  assert.equal(end.status, 201, end.body.toString())
}
