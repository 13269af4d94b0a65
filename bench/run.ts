// `npm run bench`: Lading beside distribution, on the same machine at the same time. docs/benchmarks.md explains it.
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from '../testing/fresh-folder.ts'
import { startVersitygw } from '../testing/start-versitygw.ts'
import { startLoad } from './load/start-load.ts'
import { readOptions, usage, type Options } from './options.ts'
import { verdicts } from './report/goals.ts'
import { asJson, report, type Run } from './report/report.ts'
import { createResults } from './report/results.ts'
import { bigBlobRows } from './rows/big-blobs.ts'
import { growthColumns, growthRow } from './rows/growth.ts'
import { memoryRow, recordMemory } from './rows/memory.ts'
import type { Bench, Row } from './rows/row.ts'
import { s3RequestRow } from './rows/s3-requests.ts'
import { smallRequestRows } from './rows/small-requests.ts'
import { startRow } from './rows/start.ts'
import { tagRows } from './rows/tags.ts'
import { findRegistries } from './servers/registries.ts'
import { startRegistry, type Server } from './servers/start-registry.ts'
import { sizesFor, type Sizes } from './sizes.ts'

const exitFailure = 1
const exitUsage = 2

async function main(): Promise<number> {
  const options = optionsOrUsage()
  if (typeof options === 'number') return options
  const sizes = sizesFor(options)
  const all = rowsOf(options, sizes)
  const rows = all.filter(({ name }) => isChosen(name, options.only))
  if (rows.length === 0) {
    console.error(`no row is named so; there are ${all.map(({ name }) => name).join(', ')}`)
    return exitUsage
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(exitFailure))
  const run = await runRows(rows, sizes, options)
  console.log(report(run, options.isMarkdown))
  if (options.jsonFile !== undefined) fs.writeFileSync(options.jsonFile, asJson(run))
  const isMissed = verdicts(run.rows, run.results, run.storage).some(({ isReached }) => isReached === false)
  return run.failed || (options.isCheck && isMissed) ? exitFailure : 0
}

function optionsOrUsage(): Options | number {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options !== undefined) return options
    console.log(usage)
    return 0
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return exitUsage
  }
}

function rowsOf({ storage }: Options, sizes: Sizes): Row[] {
  if (storage === 's3') return [...smallRequestRows, ...bigBlobRows(sizes), ...tagRows(sizes), s3RequestRow, memoryRow]
  return [startRow, ...smallRequestRows, ...bigBlobRows(sizes), ...tagRows(sizes), memoryRow, growthRow]
}

function isChosen(name: string, only: string[]): boolean {
  return only.length === 0 || only.some((start) => name.startsWith(start))
}

/** `failed`: Lading answered wrongly, or a row could not be measured. What peers do wrong is only told. */
async function runRows(
  rows: Row[],
  sizes: Sizes,
  { isQuick, hasCache, storage }: Options,
): Promise<Run & { failed: boolean }> {
  const scratch = freshFolder()
  const { registries, missing } = findRegistries(scratch, hasCache)
  for (const reason of missing) tell(reason)
  const s3 = storage === 's3' ? await startVersitygw() : undefined
  const results = createResults()
  const faults: string[] = []
  let failed = false
  let folders = 0
  let current = ''

  const bench: Bench = {
    sizes,
    registries,
    s3,
    servers: [],
    load: startLoad(),
    freshFolder: () => path.join(scratch, String(++folders)),
    record(row, column, figures) {
      results.add(row, column, figures)
      const shown = Object.entries(figures).map(([figure, value]) => `${figure} ${value.toPrecision(4)}`)
      tell(`${row}, ${column}: ${shown.join(', ')}`)
    },
    fault({ name, label }, fault) {
      const isLading = name === 'lading'
      for (const column of isLading ? [name, ...growthColumns] : [name]) results.spoil(current, column)
      note(label, fault)
      if (isLading) failed = true
    },
  }
  function note(label: string, fault: string): void {
    faults.push(`${current}, ${label}: ${fault}`)
    tell(`WRONG ${faults.at(-1)}`)
  }
  try {
    for (const registry of registries) bench.servers.push(await startRegistry(registry, bench.freshFolder(), s3))
    if (rows.includes(memoryRow)) await recordMemory(bench, 'idleMiB')
    for (const row of rows) {
      current = row.name
      try {
        await row.run(bench)
      } catch (error) {
        results.spoil(row.name)
        note('not measured', error instanceof Error ? error.message : String(error))
        failed = true
      }
    }
    for (const server of bench.servers) tellOutput(server)
  } finally {
    bench.load.stop()
    await Promise.all(bench.servers.map((server) => server.stop()))
    await s3?.close()
  }
  return { isQuick, storage, sizes, registries, rows, results, faults, failed }
}

/** A registry that logs errors only should have nothing to say. */
function tellOutput(server: Server): void {
  const lines = server.output().trim().split('\n').filter(Boolean)
  if (lines.length > 0)
    tell(`${server.label} wrote ${lines.length} lines, the first: ${lines.slice(0, 3).join('\n  ')}`)
}

/** Progress goes beside the report. */
function tell(text: string): void {
  console.error(text)
}

process.exitCode = await main()
