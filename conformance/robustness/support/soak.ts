// Mixed work on one server for as long as wanted, with memory and open handles sampled: does anything grow that should not?
import { setTimeout as sleep } from 'node:timers/promises'
import { startServer, type TestServer } from '../../../testing/start-server.ts'
import { handlesOf, mebibyte, memoryOf } from './process-tree.ts'
import { seededRandom } from './seeded-random.ts'
import { createSoakClient, makeSoakContent, type Tally } from './soak-client.ts'

export interface SoakOptions {
  seconds: number
  clients: number
  seed: number
  /** Told now and then how it goes. */
  onProgress?: (line: string) => void
}

/** Medians over a time, in MiB and open files. */
export interface Level {
  memoryMiB: number
  handles: number
}

export interface SoakReport {
  afterWarmUp: Level
  atEnd: Level
  peakMiB: number
  tally: Tally
  /** What went wrong, at most a few: answers with 5xx or otherwise unexpected, wrong bytes, broken connections. */
  failures: string[]
}

interface Sample {
  atMs: number
  memory: number
  handles: number
}

const sampleEveryMs = 500
const progressEveryMs = 30_000
/** The first third fills caches and lets the heaps find their size; what follows is compared with the end. */
const warmUpShare = 1 / 3
const windowShare = 1 / 6
const maxFailures = 10

/** Aborted uploads go soon, as they would within a week of work. */
const environment = {
  REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE: '5s',
  REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_INTERVAL: '5s',
}

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const server = await startServer({ storage: 'filesystem', workers: 2, environment })
  try {
    return await soakServer(server, options)
  } finally {
    await server.stop()
  }
}

async function soakServer(server: TestServer, options: SoakOptions): Promise<SoakReport> {
  const { seconds, clients, seed, onProgress } = options
  const random = seededRandom(seed)
  const content = makeSoakContent(random)
  const tally: Tally = { requests: 0, bytesPulled: 0, actions: new Map() }
  const failures: string[] = []
  const samples: Sample[] = []
  const start = Date.now()
  const isOver = (): boolean => Date.now() - start > seconds * 1000 || failures.length >= maxFailures

  const working = Array.from({ length: clients }, async (_, at) => {
    const client = createSoakClient(server.url, content, random.fork(`client ${at}`))
    while (!isOver()) {
      await client.act(tally).catch((error: unknown) => failures.push(String(error)))
    }
  })
  let nextProgress = progressEveryMs
  while (!isOver()) {
    const sample = { atMs: Date.now() - start, memory: memoryOf(server), handles: handlesOf(server) }
    samples.push(sample)
    if (sample.atMs > nextProgress) {
      nextProgress += progressEveryMs
      onProgress?.(
        `${Math.round(sample.atMs / 1000)} s: ${Math.round(sample.memory / mebibyte)} MiB, ${sample.handles} handles, ${tally.requests} requests`,
      )
    }
    await sleep(sampleEveryMs)
  }
  await Promise.all(working)
  if (/"level":"(error|fatal)"|level=(error|fatal)/.test(server.output()))
    failures.push(`the log has errors: ${server.output().slice(0, 1000)}`)
  return {
    afterWarmUp: level(samples, warmUpShare, warmUpShare + windowShare),
    atEnd: level(samples, 1 - windowShare, 1),
    peakMiB: Math.max(...samples.map(({ memory }) => memory)) / mebibyte,
    tally,
    failures,
  }
}

/** What must be true of a report, as sentences about what is not. */
export function leaksIn({ afterWarmUp, atEnd, failures }: SoakReport): string[] {
  // Heaps breathe by some tens of MiB; a leak of one KiB per request is more than that within a few minutes.
  const mostMiB = afterWarmUp.memoryMiB * 1.15 + 32
  const mostHandles = afterWarmUp.handles + 24
  return [
    ...failures,
    ...(atEnd.memoryMiB > mostMiB
      ? [`memory grew from ${afterWarmUp.memoryMiB.toFixed()} to ${atEnd.memoryMiB.toFixed()} MiB`]
      : []),
    ...(atEnd.handles > mostHandles ? [`open handles grew from ${afterWarmUp.handles} to ${atEnd.handles}`] : []),
  ]
}

export function tableOf({ afterWarmUp, atEnd, peakMiB, tally }: SoakReport): string {
  const rows = [
    ['', 'after warm-up', 'at the end'],
    ['memory, MiB', afterWarmUp.memoryMiB.toFixed(), atEnd.memoryMiB.toFixed()],
    ['open handles', String(afterWarmUp.handles), String(atEnd.handles)],
  ]
  const table = rows.map(
    ([name = '', ...values]) => name.padEnd(14) + values.map((value) => value.padStart(15)).join(''),
  )
  const actions = [...tally.actions].map(([name, count]) => `${count} ${name}`).join(', ')
  const pulled = (tally.bytesPulled / mebibyte).toFixed()
  return `${table.join('\n')}\npeak ${peakMiB.toFixed()} MiB, ${tally.requests} requests, ${pulled} MiB pulled: ${actions}`
}

function level(samples: readonly Sample[], from: number, to: number): Level {
  const lastMs = samples.at(-1)?.atMs ?? 0
  const within = samples.filter(({ atMs }) => atMs >= from * lastMs && atMs <= to * lastMs)
  return {
    memoryMiB: median(within.map(({ memory }) => memory)) / mebibyte,
    handles: median(within.map(({ handles }) => handles)),
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
