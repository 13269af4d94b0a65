import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { exchange } from '../testing/exchange.ts'
import { furnishedServer, type FurnishedServer } from '../testing/furnished-server.ts'
import { workersOf } from '../testing/processes.ts'
import { getBlob, newRepository, pushBlob, putManifest, startUpload } from '../testing/push.ts'
import { connectRaw, requestText } from '../testing/raw-connection.ts'
import { waitFor } from '../testing/wait-for.ts'

/** The samples of a page of figures, by name with labels in order. */
function samplesOf(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)
      assert.ok(match, `no sample: ${line}`)
      const labels = [...(match[2] ?? '').matchAll(/\w+="[^"]*"/g)].map(([label]) => label).sort()
      return [`${match[1]}{${labels.join(',')}}`, Number(match[3])]
    }),
  )
}

describe('the metrics', () => {
  let server: FurnishedServer
  before(async () => {
    server = await furnishedServer()
    await workersOf(server, 2)
  })

  async function samples(): Promise<Map<string, number>> {
    const answer = await exchange({ url: server.debugUrl }, { path: '/metrics' })
    assert.equal(answer.status, 200)
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
    return samplesOf(answer.body.toString())
  }

  it('count every request once, over all workers, under the names of CNCF distribution', async () => {
    const repository = newRepository()
    const before = await samples()
    for (let i = 0; i < 7; i++) await exchange(server, { path: `/v2/${repository}/tags/list` })
    const digest = await pushBlob(server, repository, Buffer.alloc(3000))
    await putManifest(server, repository, 'latest')
    for (let i = 0; i < 3; i++) await getBlob(server, repository, digest)
    const after = await samples()

    const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    assert.equal(grown('registry_http_requests_total{code="404",handler="tags",method="get"}'), 7)
    assert.equal(grown('registry_http_requests_total{code="201",handler="blob_upload",method="post"}'), 1)
    assert.equal(grown('registry_http_requests_total{code="201",handler="manifest",method="put"}'), 1)
    assert.equal(grown('registry_http_requests_total{code="200",handler="blob",method="get"}'), 3)
    assert.equal(grown('registry_http_request_duration_seconds_count{handler="tags",method="get"}'), 7)
    assert.equal(grown('registry_http_request_size_bytes_sum{handler="blob_upload"}'), 3000)
    assert.equal(grown('registry_http_response_size_bytes_sum{handler="blob"}'), 9000)
  })

  it('tell how many requests of each handler run, from the start', async () => {
    const name = 'registry_http_in_flight_requests{handler="blob_upload_chunk"}'
    const location = new URL(await startUpload(server, newRepository())).pathname
    assert.equal((await samples()).get(name), 0)
    assert.equal((await samples()).get('registry_http_in_flight_requests{handler="catalog"}'), 0)

    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers: { 'Content-Length': 9 }, body: 'some' }))
    await waitFor(async () => (await samples()).get(name) === 1)
    connection.cut()
    await waitFor(async () => (await samples()).get(name) === 0)
  })

  it('count as the size of an answer what was sent of its body: nothing for HEAD, and a part of a cut download', async () => {
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.alloc(30_000_000))
    const path = `/v2/${repository}/blobs/${digest}`
    const [sum, count] = ['sum', 'count'].map((kind) => `registry_http_response_size_bytes_${kind}{handler="blob"}`)
    const before = await samples()
    const grown = (now: Map<string, number>, name = ''): number => (now.get(name) ?? 0) - (before.get(name) ?? 0)

    await exchange(server, { method: 'HEAD', path })
    assert.equal(grown(await samples(), sum), 0)
    const connection = await connectRaw(server)
    connection.socket.pause()
    await connection.send(requestText('GET', path))
    await sleep(200)
    connection.cut()
    await waitFor(async () => grown(await samples(), count) === 2)
    const sent = grown(await samples(), sum)
    assert.ok(sent > 0 && sent < 30_000_000, `${sent} bytes`)
  })

  it('time the calls of the storage driver', async () => {
    const names = [...(await samples()).keys()]
    assert.ok(
      names.some((name) => /^registry_storage_action_seconds_count\{action="\w+",driver="filesystem"\}$/.test(name)),
    )
    assert.ok(names.some((name) => name.startsWith('process_cpu_seconds_total')))
  })

  it('grow by no label that a client can choose', async () => {
    const before = (await samples()).size
    for (let i = 0; i < 20; i++) {
      await exchange(server, { path: `/v2/${newRepository()}/manifests/t${i}` })
      await exchange(server, { path: `/nowhere/${i}` })
      await exchange(server, { method: i % 2 ? 'PROPFIND' : 'LOCK', path: `/v2/` })
    }
    const grownBy = (await samples()).size - before
    assert.ok(grownBy < 80, `${grownBy} new series`)
  })
})
