// The tables: a line per metric, a column per registry, and the ratio between two of the columns.
import type { Row } from '../rows/row.ts'
import type { Results } from './results.ts'

export interface Column {
  key: string
  title: string
}

export interface TableShape {
  columns: Column[]
  ratio: { title: string; of: string; to: string }
}

export type Cells = string[]

const nothing = '–'

/** The head first. Lines of which nothing was measured are left out. */
export function tableOf(rows: Row[], results: Results, { columns, ratio }: TableShape): Cells[] {
  const head = ['metric', ...columns.map(({ title }) => title), ratio.title]
  const lines = rows.flatMap(({ name, lines }) =>
    lines.map(({ title, figures }) => {
      const valuesOf = (key: string): (number | undefined)[] =>
        figures.map((figure) => results.median(name, key, figure))
      const cells = columns.map(({ key }) => joined(valuesOf(key).map(inDigits)))
      const [of, to] = [valuesOf(ratio.of), valuesOf(ratio.to)]
      return [title, ...cells, joined(of.map((value, index) => inTimes(value, to[index])))]
    }),
  )
  return [head, ...lines.filter((cells) => cells.slice(1).some((cell) => cell !== nothing))]
}

export function asMarkdown([head = [], ...lines]: Cells[]): string {
  const row = (cells: Cells): string => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...lines.map(row)].join('\n')
}

export function asText(table: Cells[]): string {
  const widths = (table[0] ?? []).map((_, index) => Math.max(...table.map((cells) => cells[index]?.length ?? 0)))
  const row = (cells: Cells): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
  return table.map(row).join('\n')
}

/** Three digits are as many as a measurement is worth. */
export function inDigits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return nothing
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

export function inTimes(of: number | undefined, to: number | undefined): string {
  return of === undefined || to === undefined || to === 0 ? nothing : `${(of / to).toFixed(2)}×`
}

function joined(cells: string[]): string {
  return cells.every((cell) => cell === nothing) ? nothing : cells.join(' / ')
}
