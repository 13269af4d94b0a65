// Memory of all of a registry's processes: before the first request of the run, and after the last.
import { setTimeout as sleep } from 'node:timers/promises'
import { pssBytesOf } from '../servers/process-tree.ts'
import type { Bench, Row } from './row.ts'

/** Long enough for a runtime to give back what it does not need. */
const settleMs = 15_000
const mebibyte = 1024 * 1024

/** Run as the last one. */
export const memoryRow: Row = {
  name: 'memory',
  lines: [
    { title: 'memory idle, MiB', figures: ['idleMiB'] },
    { title: 'memory after the run, MiB', figures: ['afterMiB'] },
  ],
  run: (bench) => recordMemory(bench, 'afterMiB'),
}

export async function recordMemory(bench: Bench, figure: 'idleMiB' | 'afterMiB'): Promise<void> {
  await sleep(settleMs)
  for (const { name, pid } of bench.servers)
    bench.record(memoryRow.name, name, { [figure]: pssBytesOf(pid) / mebibyte })
}
