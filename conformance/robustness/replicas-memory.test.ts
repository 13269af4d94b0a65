// Many pushes at once through one server over S3: memory follows neither the bytes nor the number of pushes.
import assert from 'node:assert/strict'
import { requireLinux, requireTool } from '../../testing/requirements.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { startVersitygw, type Versitygw } from '../../testing/start-versitygw.ts'
import { ask } from './support/ask.ts'
import { bigBlobs, digestOfStream, type BigBlob } from './support/big-blob.ts'
import { mebibyte, watchMemory } from './support/process-tree.ts'
import { expectStatus } from './support/push-forms.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'

const pushes = 64
const size = 20 * mebibyte
/** Of a primary and two workers, each of which may keep 64 MiB of uploads (storage.s3.uploadmemory). */
const mostMemory = 400 * mebibyte
/** Chunks below a part are fetched again to fill one, and their bytes are then there more than once. */
const mostMemoryOfChunks = 800 * mebibyte
const repository = 'many/app'
/** Of 1 MiB: four chunks, none of which fills a part. */
const piecesPerChunk = 6
const bucket = 'registry'

interface Form {
  mostMemory: number
  push(url: string, blob: BigBlob): Promise<void>
}

const forms: Record<string, Form> = {
  'one streamed PATCH': { mostMemory, push: pushStreamed },
  'POST and PUT': { mostMemory, push: pushInPut },
  'PATCHes with Content-Range': { mostMemory: mostMemoryOfChunks, push: pushInChunks },
}

describe(`${pushes} pushes of ${size / mebibyte} MiB at once through one server with two workers over S3`, function () {
  this.timeout(240_000)
  const seed = seedFrom('LADING_MANY_SEED')
  let s3: Versitygw
  let server: TestServer

  before('it starts', async function () {
    requireLinux(this)
    requireTool(this, 'versitygw')
    s3 = await startVersitygw()
    s3.createBucket(bucket)
  })
  beforeEach(async () => {
    const environment = { REGISTRY_STORAGE_REDIRECT_DISABLE: 'true' }
    server = await startServer({ storage: { ...s3, bucket }, workers: 2, environment })
  })
  afterEach(() => server?.stop())
  after('it stops', () => s3?.close())

  for (const [how, { mostMemory: most, push }] of Object.entries(forms)) {
    it(`all succeed by ${how}, and all processes together stay below ${most / mebibyte} MiB (LADING_MANY_SEED=${seed})`, async () => {
      const blobs = bigBlobs(seededRandom(`${seed}/${how}`), { count: pushes, size })
      const peakOf = watchMemory(server)
      const start = performance.now()
      await Promise.all(blobs.map((blob) => push(server.url, blob)))
      const seconds = (performance.now() - start) / 1000
      const peak = peakOf()
      console.log(`        peak of all processes: ${(peak / mebibyte).toFixed()} MiB, in ${seconds.toFixed(1)} s`)
      assert.ok(peak < most, `the peak was ${(peak / mebibyte).toFixed()} MiB`)

      for (const blob of [blobs[0], blobs.at(-1)] as BigBlob[]) {
        const answer = await fetch(`${server.url}/v2/${repository}/blobs/${blob.digest}`)
        assert.equal(await digestOfStream(answer.body ?? assert.fail('no body')), blob.digest)
      }
    })
  }
})

async function pushStreamed(url: string, { digest, pieces }: BigBlob): Promise<void> {
  const location = await begin(url)
  const sent = await ask(url, { method: 'PATCH', path: location, body: pieces() })
  await end(url, { location: String(expectStatus(202, 'the PATCH', sent).headers.location), digest })
}

async function pushInPut(url: string, { digest, pieces, size: length }: BigBlob): Promise<void> {
  const location = await begin(url)
  await end(url, { location, digest, body: pieces(), headers: { 'Content-Length': length } })
}

async function pushInChunks(url: string, { digest, pieces }: BigBlob): Promise<void> {
  let location = await begin(url)
  let start = 0
  for await (const body of chunksOf(pieces())) {
    const headers = { 'Content-Range': `${start}-${start + body.length - 1}` }
    const sent = expectStatus(202, 'a PATCH', await ask(url, { method: 'PATCH', path: location, headers, body }))
    location = String(sent.headers.location)
    start += body.length
  }
  await end(url, { location, digest })
}

async function* chunksOf(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let waiting: Buffer[] = []
  for await (const piece of pieces) {
    waiting.push(piece)
    if (waiting.length < piecesPerChunk) continue
    yield Buffer.concat(waiting)
    waiting = []
  }
  yield Buffer.concat(waiting)
}

async function begin(url: string): Promise<string> {
  const answer = await ask(url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  return String(expectStatus(202, 'POST of an upload', answer).headers.location)
}

async function end(
  url: string,
  {
    location,
    digest,
    ...sent
  }: {
    location: string
    digest: string
    body?: AsyncIterable<Uint8Array>
    headers?: Record<string, number>
  },
): Promise<void> {
  const path = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`
  expectStatus(201, 'the closing PUT', await ask(url, { method: 'PUT', path, ...sent }))
}
