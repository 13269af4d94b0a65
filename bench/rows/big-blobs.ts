// Big blobs down and up: bytes per second, and what a gigabyte costs.
import fs from 'node:fs'
import path from 'node:path'
import { createHash } from 'node:crypto'
import type { PushJob } from '../load/jobs.ts'
import type { Server } from '../servers/start-registry.ts'
import { sizeInWords, type Sizes } from '../sizes.ts'
import { byteLines, inRounds, measured, perByte, type Bench, type Measured, type Row } from './row.ts'

const repository = 'bench/big'
const parallelPushes = 16
const parallelDownloads = 8
/** Enough for every worker of a server to get some of them. */
const warmUpConnections = 4
const warmUpBlobBytes = 16 * 1024 * 1024

type Shape = Pick<PushJob, 'style' | 'blobBytes' | 'parallel'>

export function bigBlobRows(sizes: Sizes): Row[] {
  const big = sizeInWords(sizes.bigBlobBytes)
  const small = sizeInWords(sizes.parallelBlobBytes)
  const one = { blobBytes: sizes.bigBlobBytes, parallel: 1 }
  const many = { blobBytes: sizes.parallelBlobBytes, parallel: parallelPushes }
  return [
    downloadRow('download-1', `${big} blob GET, 1 client`, 1),
    downloadRow('download-8', `${big} blob GET, ${parallelDownloads} clients`, parallelDownloads),
    pushRow('push-monolithic', `push ${big}, PUT with body`, { style: 'monolithic', ...one }),
    pushRow('push-streamed', `push ${big}, streamed PATCH then PUT`, { style: 'streamed', ...one }),
    pushRow('push-parallel', `${parallelPushes} parallel streamed pushes of ${small}`, { style: 'streamed', ...many }),
  ]
}

const bigBlobs = new Map<Server, Promise<string>>()

function downloadRow(name: string, title: string, clients: number): Row {
  return {
    name,
    lines: byteLines(title),
    async run(bench) {
      for (const server of bench.servers) {
        await withBigBlob(bench, server)
        await download(bench, server, warmUpConnections)
      }
      await inRounds(bench.sizes.bigRounds, bench.servers, async (server) => {
        const result = await download(bench, server, clients)
        bench.record(name, server.name, perByte(result))
      })
    },
  }
}

/** All clients at the same time, each the whole blob. */
async function download(bench: Bench, server: Server, clients: number): Promise<Measured> {
  const digest = await withBigBlob(bench, server)
  const request = { method: 'GET' as const, path: `/v2/${repository}/blobs/${digest}`, status: 200 }
  const requests = Array.from({ length: clients }, () => ({ ...request, bodyBytes: bench.sizes.bigBlobBytes }))
  return measured(bench, server, { kind: 'requests', port: server.port, connections: clients, requests })
}

function pushRow(name: string, title: string, shape: Shape): Row {
  return {
    name,
    lines: byteLines(title),
    async run(bench) {
      const warmUp = { ...shape, blobBytes: warmUpBlobBytes, parallel: warmUpConnections }
      for (const server of bench.servers) await push(bench, server, warmUp)
      await inRounds(bench.sizes.bigRounds, bench.servers, async (server) => {
        bench.record(name, server.name, perByte(await push(bench, server, shape)))
      })
    },
  }
}

async function push(bench: Bench, server: Server, shape: Shape): Promise<Measured> {
  touchPageCache(bench.freshFolder(), shape.blobBytes * shape.parallel)
  const result = await measured(bench, server, { kind: 'push', port: server.port, repository, ...shape })
  for (const digest of result.digests) dropBlob(server, digest)
  return result
}

/**
 * A virtual machine gets its memory back from the host page by page, at seconds of CPU per gigabyte, and gives it away again when it lies free: who
 * pushed after a pause would pay for that, and not for the push: twice as much. Twice the bytes, since they also pass through sockets and processes.
 */
function touchPageCache(folder: string, bytes: number): void {
  const piece = Buffer.alloc(1024 * 1024, 1)
  const file = path.join(folder, 'touched')
  fs.mkdirSync(folder, { recursive: true })
  const fd = fs.openSync(file, 'w')
  for (let written = 0; written < 2 * bytes; written += piece.length) fs.writeSync(fd, piece)
  fs.closeSync(fd)
  fs.rmSync(file)
}

/** Its digest. Pushed once per server, then read once in full to see that it is what was pushed. */
function withBigBlob(bench: Bench, server: Server): Promise<string> {
  const done = bigBlobs.get(server) ?? pushBigBlob(bench, server)
  bigBlobs.set(server, done)
  return done
}

async function pushBigBlob(bench: Bench, server: Server): Promise<string> {
  const blobBytes = bench.sizes.bigBlobBytes
  const job: PushJob = { kind: 'push', port: server.port, repository, style: 'monolithic', blobBytes, parallel: 1 }
  const { digests } = await measured(bench, server, job)
  const digest = digests[0] as string
  const answer = await fetch(`${server.url}/v2/${repository}/blobs/${digest}`)
  if (answer.status !== 200) throw new Error(`${server.label} answers ${answer.status} for a blob that was pushed`)
  const hash = createHash('sha256')
  for await (const piece of answer.body ?? []) hash.update(piece)
  if (`sha256:${hash.digest('hex')}` !== digest) bench.fault(server, `other bytes than were pushed for ${digest}`)
  return digest
}

/** Straight from the disk: a registry keeps the bytes until its garbage collection, and the disk would fill up. */
function dropBlob({ root }: Server, digest: string): void {
  const hex = digest.slice(digest.indexOf(':') + 1)
  const folder = path.join(root, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex)
  fs.rmSync(folder, { recursive: true, force: true })
}
