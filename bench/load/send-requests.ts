// Sends prepared requests over a number of connections in a closed loop, and times each.
import { createHistogram } from 'node:perf_hooks'
import type { Answer } from './answer-reader.ts'
import { openConnection, type Connection } from './connection.ts'
import { faultList } from './fault-list.ts'
import type { JobResult, Request, RequestsJob } from './jobs.ts'

interface PreparedRequest extends Request {
  bytes: Buffer
}

const maxFaults = 100

export async function sendRequests(job: RequestsJob): Promise<Omit<JobResult, 'clientCpuSeconds'>> {
  const prepared = job.requests.map((request) => ({ ...request, bytes: serialised(request, job.port) }))
  const latencies = createHistogram()
  const faults = faultList()
  const total = job.seconds === undefined ? prepared.length : Infinity
  let sent = 0
  let answered = 0
  let bytes = 0
  let start = 0
  let end = 0

  function next(): PreparedRequest | undefined {
    if (sent >= total || faults.count >= maxFaults) return undefined
    if (job.seconds !== undefined && end - start >= job.seconds * 1000) return undefined
    return prepared[sent++ % prepared.length]
  }

  function take(request: PreparedRequest, sentAt: number, answer: Answer): void {
    end = performance.now()
    // Microseconds; the histogram counts from 1.
    latencies.record(Math.max(1, Math.round((end - sentAt) * 1000)))
    answered += 1
    bytes += answer.bodyBytes
    if (answer.status !== request.status) faults.add(`${nameOf(request)} was answered ${answer.status}`)
    else if (request.bodyBytes !== undefined && !answer.isChunked && answer.bodyBytes !== request.bodyBytes) {
      faults.add(`${nameOf(request)} has ${answer.bodyBytes} bytes instead of ${request.bodyBytes}`)
    }
  }

  /** Resolves when there is nothing more to send. */
  function loop(connection: Connection, listeners: Listeners): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    let request: PreparedRequest | undefined
    let sentAt = 0
    const sendNext = (): void => {
      request = next()
      if (request === undefined) return resolve()
      sentAt = performance.now()
      connection.send(request.method, request.bytes)
    }
    listeners.onAnswer = (answer) => {
      if (request !== undefined) take(request, sentAt, answer)
      sendNext()
    }
    listeners.onFault = (error) => {
      if (request !== undefined) faults.add(`${nameOf(request)}: ${error.message}`)
      resolve()
    }
    sendNext()
    return promise
  }

  async function open(): Promise<[Connection, Listeners]> {
    const listeners: Listeners = { onAnswer: () => {}, onFault: () => {} }
    const connection = await openConnection({
      port: job.port,
      onAnswer: (answer) => listeners.onAnswer(answer),
      onFault: (error) => listeners.onFault(error),
    })
    return [connection, listeners]
  }

  const opened = await Promise.all(Array.from({ length: job.connections }, open))
  start = end = performance.now()
  await Promise.all(opened.map(([connection, listeners]) => loop(connection, listeners)))
  for (const [connection] of opened) connection.close()

  return {
    requests: answered,
    seconds: (end - start) / 1000,
    bytes,
    p50Ms: latencies.percentile(50) / 1000,
    p99Ms: latencies.percentile(99) / 1000,
    digests: [],
    ...faults.result(),
  }
}

interface Listeners {
  onAnswer: (answer: Answer) => void
  onFault: (error: Error) => void
}

function serialised({ method, path, headers = {}, body }: Request, port: number): Buffer {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}

function nameOf({ method, path }: Request): string {
  return `${method} ${path}`
}
