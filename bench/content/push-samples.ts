// Fills a registry with the samples, outside of what is measured, and looks whether they come back as they were.
import type { Request } from '../load/jobs.ts'
import type { Bench } from '../rows/row.ts'
import type { Server } from '../servers/start-registry.ts'
import { connectionsPerJob } from '../sizes.ts'
import { digestOf, imageCount, manifestType, sampleBlobs, sampleManifest, tagOf } from './sample-images.ts'

const octets = { 'Content-Type': 'application/octet-stream' }
const pushed = new Map<string, Promise<void>>()

/** The repository with the sample blobs, and with as many images under tags as there are blobs. Pushed once per server. */
export async function withSamples({ url }: Server, repository: string): Promise<void> {
  const key = `${url}/v2/${repository}`
  const done = pushed.get(key) ?? pushSamples(key)
  pushed.set(key, done)
  await done
}

async function pushSamples(repository: string): Promise<void> {
  await pushSampleBlobs(repository)
  for (let number = 0; number < imageCount; number++) {
    const manifest = sampleManifest(number)
    await send(`${repository}/manifests/${tagOf(number)}`, 'PUT', 201, {
      headers: { 'Content-Type': manifestType },
      body: manifest,
    })
    const answer = await send(`${repository}/manifests/${tagOf(number)}`, 'GET', 200, {
      headers: { Accept: manifestType },
    })
    if ((await answer.text()) !== manifest) throw new Error(`${repository} answers another manifest than was pushed`)
  }
}

const withBlobs = new Map<string, Promise<void>>()

/** Only the blobs, for a row that puts the manifests itself. */
export async function withSampleBlobs({ url }: Server, repository: string): Promise<void> {
  const key = `${url}/v2/${repository}`
  const done = withBlobs.get(key) ?? pushSampleBlobs(key)
  withBlobs.set(key, done)
  await done
}

async function pushSampleBlobs(repository: string): Promise<void> {
  for (const { digest, content } of sampleBlobs) {
    const started = await send(`${repository}/blobs/uploads/`, 'POST', 202)
    const location = new URL(started.headers.get('location') ?? '', repository)
    location.searchParams.set('digest', digest)
    await send(location.href, 'PUT', 201, { headers: octets, body: new Uint8Array(content) })
    const answer = await send(`${repository}/blobs/${digest}`, 'GET', 200)
    if (digestOf(Buffer.from(await answer.arrayBuffer())) !== digest)
      throw new Error(`${repository} answers other bytes for ${digest}`)
  }
}

/** Puts images `first` … `first + count - 1` under tags of their own. */
export function tagPuts(repository: string, first: number, count: number): Request[] {
  return Array.from({ length: count }, (_, index) => ({
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tagOf(first + index)}`,
    headers: { 'Content-Type': manifestType },
    body: sampleManifest(first + index),
    status: 201,
  }))
}

/** Without measuring. */
export async function putTags(bench: Bench, server: Server, requests: Request[]): Promise<void> {
  const { faults } = await bench.load.run({
    kind: 'requests',
    port: server.port,
    connections: connectionsPerJob,
    requests,
  })
  for (const fault of faults) bench.fault(server, fault)
}

async function send(url: string, method: string, status: number, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(url, { ...init, method })
  if (answer.status !== status)
    throw new Error(`${method} ${url} was answered ${answer.status}: ${await answer.text()}`)
  return answer
}
