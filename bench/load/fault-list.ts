// Counts what went wrong and keeps the first few in words.
import type { JobResult } from './jobs.ts'

const maxKept = 5

export interface FaultList {
  readonly count: number
  add(fault: string): void
  result(): Pick<JobResult, 'faultCount' | 'faults'>
}

export function faultList(): FaultList {
  const kept: string[] = []
  let count = 0
  return {
    get count() {
      return count
    },
    add(fault) {
      count += 1
      if (kept.length < maxKept) kept.push(fault)
    },
    result: () => ({ faultCount: count, faults: kept }),
  }
}
