// Pushes blobs of fresh random content, as a client does: POST, then all in the PUT, or a streamed PATCH and an empty PUT.
import type { Answer } from './answer-reader.ts'
import { openConnection, type Connection } from './connection.ts'
import { faultList } from './fault-list.ts'
import type { JobResult, PushJob } from './jobs.ts'
import { randomBlob, type RandomBlob } from './random-blobs.ts'

export async function pushBlobs(job: PushJob): Promise<Omit<JobResult, 'clientCpuSeconds'>> {
  const faults = faultList()
  // Made and hashed before the clock starts.
  const blobs = Array.from({ length: job.parallel }, () => randomBlob(job.blobBytes))
  const connections = await Promise.all(blobs.map(() => openConnection({ port: job.port })))
  const start = performance.now()
  const took = await Promise.all(
    blobs.map(async (blob, index) => {
      try {
        await pushBlob(connections[index] as Connection, blob, job)
      } catch (error) {
        faults.add(`pushing ${blob.digest}: ${error instanceof Error ? error.message : String(error)}`)
      }
      return performance.now() - start
    }),
  )
  const seconds = (performance.now() - start) / 1000
  for (const connection of connections) connection.close()

  const sorted = took.sort((a, b) => a - b)
  return {
    requests: blobs.length,
    seconds,
    bytes: blobs.reduce((sum, { bytes }) => sum + bytes, 0),
    p50Ms: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0,
    p99Ms: sorted.at(-1) ?? 0,
    digests: blobs.map(({ digest }) => digest),
    ...faults.result(),
  }
}

async function pushBlob(connection: Connection, blob: RandomBlob, { port, repository, style }: PushJob): Promise<void> {
  const octets = { 'Content-Type': 'application/octet-stream' }
  const started = await request('POST', `/v2/${repository}/blobs/uploads/`, { 'Content-Length': '0' })
  expect(started, 202)
  let location = locationOf(started)

  if (style === 'streamed') {
    const patched = await request('PATCH', location, { ...octets, 'Transfer-Encoding': 'chunked' }, blob.chunked())
    expect(patched, 202)
    location = locationOf(patched)
  }
  const finish = `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`
  const finished =
    style === 'streamed'
      ? await request('PUT', finish, { 'Content-Length': '0' })
      : await request('PUT', finish, { ...octets, 'Content-Length': String(blob.bytes) }, blob.plain())
  expect(finished, 201)

  function request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Iterable<Uint8Array>,
  ): Promise<Answer> {
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    return connection.exchange(method, Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body)
  }
}

function expect({ status, head }: Answer, wanted: number): void {
  if (status !== wanted) throw new Error(`answered ${status} instead of ${wanted}: ${head.split('\r\n', 1)[0]}`)
}

/** Path and query of where the upload goes on; registries tell it with or without the host. */
function locationOf({ head }: Answer): string {
  const value = /\r\nlocation: *(\S+)/i.exec(head)?.[1]
  if (value === undefined) throw new Error('the answer to an upload has no Location')
  return value.replace(/^https?:\/\/[^/]+/, '')
}
