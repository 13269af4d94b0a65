// How many requests to S3 an operation costs: what a bucket's bill and its latency are made of.
import { withSamples } from '../content/push-samples.ts'
import { digestOf, manifestType, sampleBlobs, sampleManifest, tagOf } from '../content/sample-images.ts'
import { startCountingProxy } from '../servers/counting-proxy.ts'
import { startRegistry, type Server } from '../servers/start-registry.ts'
import { measured, type Bench, type Row } from './row.ts'

const repository = 'bench/requests'
const layerBytes = 60_000_000
/** A registry may do work of its own beside the operation: the least of some rounds is what the operation costs. */
const rounds = 3

interface Operation {
  figure: string
  title: string
  run(bench: Bench, server: Server): Promise<void>
}

const operations: Operation[] = [
  { figure: 'pushStreamed', title: '60 MB layer, POST + PATCH + PUT', run: pushing('streamed', layerBytes) },
  { figure: 'pushWhole', title: '60 MB layer, POST + PUT with body', run: pushing('monolithic', layerBytes) },
  { figure: 'pushSmall', title: '4 KiB blob, POST + PUT with body', run: pushing('monolithic', 4096) },
  { figure: 'putManifest', title: 'manifest PUT, 2 blobs', run: putManifest },
  { figure: 'tagGet', title: 'manifest GET by tag', run: getting(`manifests/${tagOf(0)}`) },
  { figure: 'digestGet', title: 'manifest GET by digest', run: getting(`manifests/${digestOf(sampleManifest(0))}`) },
  { figure: 'blobHead', title: 'blob HEAD', run: getting(`blobs/${sampleBlobs[0]?.digest}`, 'HEAD') },
  { figure: 'blobGet', title: 'blob GET', run: getting(`blobs/${sampleBlobs[0]?.digest}`) },
  { figure: 'tagPage', title: 'first page of tags', run: getting('tags/list?n=100') },
]

export const s3RequestRow: Row = {
  name: 's3-requests',
  lines: operations.map(({ figure, title }) => ({ title: `requests to S3: ${title}`, figures: [figure] })),
  async run(bench) {
    for (const registry of bench.registries) {
      if (bench.s3 === undefined) throw new Error('it is measured over S3 only: --storage s3')
      const proxy = await startCountingProxy(bench.s3)
      // Without its cache: what is counted is each operation by itself.
      const server = await startRegistry({ ...registry, hasCache: false }, bench.freshFolder(), proxy)
      try {
        await withSamples(server, repository)
        for (const { figure, run } of operations) {
          let least = Infinity
          for (let round = 0; round < rounds; round++) {
            const before = proxy.count()
            await run(bench, server)
            least = Math.min(least, proxy.count() - before)
          }
          bench.record('s3-requests', registry.name, { [figure]: least })
        }
      } finally {
        await server.stop()
        proxy.close()
      }
    }
  },
}

function pushing(style: 'streamed' | 'monolithic', blobBytes: number): Operation['run'] {
  return async (bench, server) => {
    await measured(bench, server, { kind: 'push', port: server.port, repository, style, blobBytes, parallel: 1 })
  }
}

function getting(what: string, method = 'GET'): Operation['run'] {
  return async (_, { url }) => {
    const answer = await fetch(`${url}/v2/${repository}/${what}`, { method, headers: { Accept: manifestType } })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${method} ${what} was answered ${answer.status}`)
  }
}

let tag = 0

async function putManifest(_: Bench, { url }: Server): Promise<void> {
  const answer = await fetch(`${url}/v2/${repository}/manifests/new-${++tag}`, {
    method: 'PUT',
    headers: { 'Content-Type': manifestType },
    body: sampleManifest(1),
  })
  if (answer.status !== 201) throw new Error(`a manifest was answered ${answer.status}`)
}
