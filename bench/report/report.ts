// What a run prints at its end, and what it writes as JSON.
import os from 'node:os'
import type { Row } from '../rows/row.ts'
import type { Registry } from '../servers/registries.ts'
import { sizeInWords, type Sizes } from '../sizes.ts'
import { verdicts, type Verdict } from './goals.ts'
import type { Results } from './results.ts'
import { asMarkdown, asText, tableOf, type Cells, type TableShape } from './table.ts'

export interface Run {
  isQuick: boolean
  storage: 'filesystem' | 's3'
  sizes: Sizes
  registries: Registry[]
  rows: Row[]
  results: Results
  faults: string[]
}

export function report(run: Run, isMarkdown: boolean): string {
  const format = isMarkdown ? asMarkdown : asText
  const parts = [
    inWords(run),
    ...tables(run).map(format),
    format(goalTable(verdicts(run.rows, run.results, run.storage))),
  ]
  if (run.isQuick)
    parts.push('A quick run: small sizes and few rounds. Its figures say that everything works, not how fast it is.')
  if (run.faults.length > 0) parts.push(`Wrong:\n${run.faults.map((fault) => `- ${fault}`).join('\n')}`)
  return parts.join('\n\n')
}

export function asJson(run: Run): string {
  const { isQuick, storage, sizes, registries, rows, results, faults } = run
  const columns = Object.fromEntries(registries.map(({ name, label }) => [name, label]))
  const json = {
    date: new Date().toISOString(),
    machine: machine(),
    isQuick,
    storage,
    sizes,
    columns,
    results,
    goals: verdicts(rows, results, storage),
    faults,
  }
  return JSON.stringify(json, undefined, 2)
}

function tables({ rows, registries, sizes, results }: Run): Cells[][] {
  const beside: TableShape = {
    columns: registries.map(({ name, label }) => ({ key: name, title: label })),
    ratio: { title: 'Lading to distribution 3', of: 'lading', to: 'distribution3' },
  }
  const growth: TableShape = {
    columns: [
      { key: 'few', title: 'at 10 tags' },
      { key: 'many', title: `at ${sizes.growthTags.toLocaleString('en')} tags` },
    ],
    ratio: { title: 'ratio', of: 'many', to: 'few' },
  }
  const isGrowth = ({ name }: Row): boolean => name === 'growth'
  const all = [
    tableOf(
      rows.filter((row) => !isGrowth(row)),
      results,
      beside,
    ),
    tableOf(rows.filter(isGrowth), results, growth),
  ]
  return all.filter((table) => table.length > 1)
}

function goalTable(all: Verdict[]): Cells[] {
  const word = (isReached: boolean | undefined): string => {
    if (isReached === undefined) return 'not measured'
    return isReached ? 'reached' : 'NOT REACHED'
  }
  const lines = all.map(({ title, measured, wanted, isReached }) => [title, measured, wanted, word(isReached)])
  return [['goal', 'measured', 'wanted', ''], ...lines]
}

function machine(): Record<string, string | number> {
  const cpus = os.cpus()
  return {
    cpus: cpus.length,
    model: cpus[0]?.model ?? '',
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
  }
}

function inWords({ registries }: Run): string {
  const { cpus, model, memoryBytes, system, node } = machine()
  const cache = registries.some(({ hasCache }) => hasCache)
    ? 'blob descriptors cached in memory'
    : 'no cache of blob descriptors'
  const gibibytes = Math.round(Number(memoryBytes) / 2 ** 30)
  return `${cpus} × ${model}, ${sizeInWords(gibibytes * 2 ** 30)}, ${system}, Node ${node}; client and servers on this machine, ${cache}.`
}
