// What Lading is to reach. Never a time or a speed by itself, which is the machine's: the ratio to distribution 3 in the same run.
import type { Row } from '../rows/row.ts'
import type { Results } from './results.ts'
import { inTimes } from './table.ts'

interface Goal {
  title: string
  row: string
  figure: string
  /** Of the first column to the second; of the figure itself without a second one. */
  of: string
  to?: string
  atLeast?: number
  atMost?: number
}

export interface Verdict {
  title: string
  measured: string
  wanted: string
  /** Undefined when it was not measured. */
  isReached: boolean | undefined
}

const peer = { of: 'lading', to: 'distribution3' }
const growth = { row: 'growth', of: 'many', to: 'few' }
const slack = 1.2

const smallRequests = {
  'manifest-get-tag': 'manifest GET by tag',
  'manifest-get-digest': 'manifest GET by digest',
  'manifest-head': 'manifest HEAD by tag',
  'blob-head': 'blob HEAD',
  'blob-get': '4 KiB blob GET',
}
const downloads = { 'download-1': 'big blob GET, 1 client', 'download-8': 'big blob GET, 8 clients' }
const pushes = {
  'push-monolithic': 'push, PUT with body',
  'push-streamed': 'push, streamed',
  'push-parallel': 'push, parallel',
}
const growing = { put: 'manifest PUT', hot: 'tag GET', any: 'tag GET, spread', head: 'tag HEAD', page: 'tag page' }

const goals: Goal[] = [
  ...entries(smallRequests).flatMap(([row, title]) => [
    { title: `${title}: requests/s`, row, figure: 'perSecond', ...peer, atLeast: 3 },
    { title: `${title}: CPU per request`, row, figure: 'cpuMicros', ...peer, atMost: 1 / 3 },
  ]),
  { title: 'manifest PUT: requests/s', row: 'manifest-put', figure: 'perSecond', ...peer, atLeast: 3 },
  ...entries(downloads).flatMap(([row, title]) => [
    { title: `${title}: MB/s`, row, figure: 'megabytesPerSecond', ...peer, atLeast: 0.9 },
    { title: `${title}: CPU per GB`, row, figure: 'cpuSecondsPerGigabyte', ...peer, atMost: 1 },
  ]),
  ...entries(pushes).flatMap(([row, title]) => [
    { title: `${title}: MB/s`, row, figure: 'megabytesPerSecond', ...peer, atLeast: 1 },
    { title: `${title}: CPU per GB`, row, figure: 'cpuSecondsPerGigabyte', ...peer, atMost: 1 },
  ]),
  { title: 'last page of tags: time', row: 'list', figure: 'lastPageMs', ...peer, atMost: 0.5 },
  { title: 'memory after the run: MiB', row: 'memory', figure: 'afterMiB', of: 'lading', atMost: 250 },
  ...entries(growing).flatMap(([figure, title]) => [
    { title: `growth, ${title}: requests/s`, figure: `${figure}PerSecond`, ...growth, atLeast: 1 / slack },
    { title: `growth, ${title}: CPU per request`, figure: `${figure}CpuMicros`, ...growth, atMost: slack },
  ]),
]

/** Over S3 the store does most of the work, and the same for all. */
const s3Goals: Goal[] = [
  ...entries(smallRequests).map(([row, title]) => ({
    title: `${title}: requests/s`,
    row,
    figure: 'perSecond',
    ...peer,
    atLeast: 3,
  })),
  ...['push-monolithic', 'push-streamed'].map((row) => ({
    title: `${pushes[row as keyof typeof pushes]}: MB/s`,
    row,
    figure: 'megabytesPerSecond',
    ...peer,
    atLeast: 1.5,
  })),
  { title: 'big blob GET: CPU per GB', row: 'download-1', figure: 'cpuSecondsPerGigabyte', ...peer, atMost: 1.5 },
]

/** On the goals that the rows are for. */
export function verdicts(rows: Row[], results: Results, storage: 'filesystem' | 's3'): Verdict[] {
  const asked = (storage === 's3' ? s3Goals : goals).filter(({ row }) => rows.some(({ name }) => name === row))
  return asked.map((goal) => {
    const of = results.median(goal.row, goal.of, goal.figure)
    const to = goal.to === undefined ? 1 : results.median(goal.row, goal.to, goal.figure)
    const value = of === undefined || to === undefined ? undefined : of / to
    const unit = goal.to === undefined ? '' : '×'
    const limit = goal.atLeast ?? goal.atMost ?? 0
    return {
      title: goal.title,
      measured: goal.to === undefined ? (of?.toFixed(0) ?? '–') : inTimes(of, to),
      wanted: `${goal.atLeast === undefined ? '≤' : '≥'} ${Number(limit.toFixed(2))}${unit}`,
      isReached:
        value === undefined ? undefined : value >= (goal.atLeast ?? -Infinity) && value <= (goal.atMost ?? Infinity),
    }
  })
}

function entries(titles: Record<string, string>): [string, string][] {
  return Object.entries(titles)
}
