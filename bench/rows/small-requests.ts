// Manifests and small blobs: what a registry answers most often.
import type { Request } from '../load/jobs.ts'
import {
  digestOf,
  imageCount,
  manifestType,
  sampleBlobs,
  sampleManifest,
  smallBlobBytes,
  tagOf,
} from '../content/sample-images.ts'
import { withSamples } from '../content/push-samples.ts'
import { connectionsPerJob } from '../sizes.ts'
import { inRounds, measured, perRequest, requestLines, type Row } from './row.ts'

const repository = 'bench/images'
/** As container engines send it. */
export const accept = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  manifestType,
  'application/vnd.oci.image.index.v1+json',
].join(', ')

const numbers = Array.from({ length: imageCount }, (_, index) => index)

export const smallRequestRows: Row[] = [
  requestsRow(
    'manifest-get-tag',
    'manifest GET by tag',
    numbers.map((number) => manifestRequest('GET', number, tagOf(number))),
  ),
  requestsRow(
    'manifest-get-digest',
    'manifest GET by digest',
    numbers.map((number) => manifestRequest('GET', number, digestOf(sampleManifest(number)))),
  ),
  requestsRow(
    'manifest-head',
    'manifest HEAD by tag',
    numbers.map((number) => manifestRequest('HEAD', number, tagOf(number))),
  ),
  requestsRow(
    'blob-head',
    'blob HEAD',
    sampleBlobs.map(({ digest }) => blobRequest('HEAD', digest)),
  ),
  requestsRow(
    'blob-get',
    '4 KiB blob GET',
    sampleBlobs.map(({ digest }) => blobRequest('GET', digest)),
  ),
]

function requestsRow(name: string, title: string, requests: Request[]): Row {
  const job = { kind: 'requests' as const, connections: connectionsPerJob, requests }
  return {
    name,
    lines: requestLines(title),
    async run(bench) {
      const { rounds, seconds, warmUpSeconds } = bench.sizes
      for (const server of bench.servers) {
        await withSamples(server, repository)
        await measured(bench, server, { ...job, port: server.port, seconds: warmUpSeconds })
      }
      await inRounds(rounds, bench.servers, async (server) => {
        const result = await measured(bench, server, { ...job, port: server.port, seconds })
        bench.record(name, server.name, perRequest(result))
      })
    },
  }
}

function manifestRequest(method: 'GET' | 'HEAD', number: number, reference: string): Request {
  return {
    method,
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { Accept: accept },
    status: 200,
    ...(method === 'GET' ? { bodyBytes: Buffer.byteLength(sampleManifest(number)) } : {}),
  }
}

function blobRequest(method: 'GET' | 'HEAD', digest: string): Request {
  return {
    method,
    path: `/v2/${repository}/blobs/${digest}`,
    status: 200,
    ...(method === 'GET' ? { bodyBytes: smallBlobBytes } : {}),
  }
}
