// What a row of the benchmark is, and the rounds that all rows are measured in.
import type { Load } from '../load/start-load.ts'
import type { Job, JobResult } from '../load/jobs.ts'
import type { Registry } from '../servers/registries.ts'
import { cpuSecondsOf } from '../servers/process-tree.ts'
import type { S3Server, Server } from '../servers/start-registry.ts'
import type { Sizes } from '../sizes.ts'

/** Names of figures are those of a row's lines. */
export type Figures = Record<string, number>

export interface Line {
  /** The metric with its unit, as the table shows it. */
  title: string
  /** The figures that it shows, in one cell. */
  figures: string[]
}

export interface Row {
  /** For `--only`. */
  name: string
  lines: Line[]
  run(bench: Bench): Promise<void>
}

export interface Bench {
  sizes: Sizes
  registries: Registry[]
  /** What all of them store on, where that is no folder of their own. */
  s3: S3Server | undefined
  /** Running all through the benchmark, in the order of the table. */
  servers: Server[]
  load: Load
  /** A folder for what a row needs; removed at the end. */
  freshFolder(): string
  /** One round's figures in a column: a registry's name, or a name of the row's own. */
  record(row: string, column: string, figures: Figures): void
  /** Something that the server did wrong: told at the end of the run, and the row has no figures of the server. */
  fault(server: Pick<Server, 'name' | 'label'>, fault: string): void
}

/** A B C A B C …: what else the machine does hits all alike. */
export async function inRounds<T>(
  rounds: number,
  members: T[],
  measure: (member: T, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const member of members) await measure(member, round)
  }
}

export interface Measured extends JobResult {
  serverCpuSeconds: number
}

/** Runs the job and takes what the server spent meanwhile. */
export async function measured(bench: Bench, server: Server, job: Job): Promise<Measured> {
  const before = cpuSecondsOf(server.pid)
  const result = await bench.load.run(job)
  const serverCpuSeconds = cpuSecondsOf(server.pid) - before
  for (const fault of result.faults) bench.fault(server, fault)
  const untold = result.faultCount - result.faults.length
  if (untold > 0) bench.fault(server, `and ${untold} more of the kind`)
  return { ...result, serverCpuSeconds }
}

export function perRequest({ requests, seconds, p50Ms, p99Ms, serverCpuSeconds, clientCpuSeconds }: Measured): Figures {
  return {
    perSecond: requests / seconds,
    cpuMicros: (serverCpuSeconds / requests) * 1e6,
    clientCpuMicros: (clientCpuSeconds / requests) * 1e6,
    p50Ms,
    p99Ms,
  }
}

export function perByte({ bytes, seconds, serverCpuSeconds, clientCpuSeconds }: Measured): Figures {
  return {
    megabytesPerSecond: bytes / 1e6 / seconds,
    cpuSecondsPerGigabyte: serverCpuSeconds / (bytes / 1e9),
    clientCpuSecondsPerGigabyte: clientCpuSeconds / (bytes / 1e9),
  }
}

export function requestLines(title: string): Line[] {
  return [
    { title: `${title}, requests/s`, figures: ['perSecond'] },
    { title: `${title}, CPU µs per request`, figures: ['cpuMicros'] },
    { title: `${title}, p50 / p99 in ms`, figures: ['p50Ms', 'p99Ms'] },
  ]
}

export function byteLines(title: string): Line[] {
  return [
    { title: `${title}, MB/s`, figures: ['megabytesPerSecond'] },
    { title: `${title}, CPU s per GB`, figures: ['cpuSecondsPerGigabyte'] },
  ]
}
