// What was measured: every round's figures, and the median of them.
import type { Figures } from '../rows/row.ts'

export interface Results {
  add(row: string, column: string, figures: Figures): void
  /** The median over the rounds; undefined when it was not measured. */
  median(row: string, column: string, figure: string): number | undefined
  /** row → column → figure → its value in each round. */
  toJSON(): Record<string, Record<string, Record<string, number[]>>>
}

export function createResults(): Results {
  const rows: Record<string, Record<string, Record<string, number[]>>> = {}
  return {
    add(row, column, figures) {
      const rounds = ((rows[row] ??= {})[column] ??= {})
      for (const [figure, value] of Object.entries(figures)) (rounds[figure] ??= []).push(value)
    },
    median: (row, column, figure) => medianOf(rows[row]?.[column]?.[figure] ?? []),
    toJSON: () => rows,
  }
}

function medianOf(values: number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)]
  const [low, high] = [sorted[middle - 1], sorted[middle]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}
