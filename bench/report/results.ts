// What was measured: every round's figures, and the median of them.
import type { Figures } from '../rows/row.ts'

export interface Results {
  add(row: string, column: string, figures: Figures): void
  /** Something went wrong: what was measured, or will be, of the row's column or of all of them does not count. */
  spoil(row: string, column?: string): void
  /** The median over the rounds; undefined when it was not measured. */
  median(row: string, column: string, figure: string): number | undefined
  /** row → column → figure → its value in each round. */
  toJSON(): Record<string, Record<string, Record<string, number[]>>>
}

export function createResults(): Results {
  const rows: Record<string, Record<string, Record<string, number[]>>> = {}
  const spoiled = new Set<string>()
  const isSpoiled = (row: string, column: string): boolean => spoiled.has(row) || spoiled.has(`${row} ${column}`)
  return {
    add(row, column, figures) {
      const rounds = ((rows[row] ??= {})[column] ??= {})
      for (const [figure, value] of Object.entries(figures)) (rounds[figure] ??= []).push(value)
    },
    spoil: (row, column) => void spoiled.add(column === undefined ? row : `${row} ${column}`),
    median: (row, column, figure) =>
      isSpoiled(row, column) ? undefined : medianOf(rows[row]?.[column]?.[figure] ?? []),
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
