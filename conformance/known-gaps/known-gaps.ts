/** Lists of tests that a registry is known to fail, and what a run says that differs from them. */
import { readFile } from 'node:fs/promises'

/** Why the tests fail, and which they are, by their full titles. */
export interface KnownGap {
  readonly because: string
  readonly titles: readonly string[]
  /** Races, which the registry loses only now and then: either outcome is what was expected. */
  readonly sometimes?: boolean
}

export async function readKnownGaps(file: string): Promise<readonly KnownGap[]> {
  const gaps: unknown = JSON.parse(await readFile(file, 'utf8'))
  if (!Array.isArray(gaps) || !gaps.every(isKnownGap)) {
    throw new Error(`${file} is no list of known gaps: write [{ "because": "…", "titles": ["…"] }]`)
  }
  return gaps
}

function isKnownGap(value: unknown): value is KnownGap {
  if (typeof value !== 'object' || value === null || !('because' in value) || !('titles' in value)) return false
  return typeof value.because === 'string' && Array.isArray(value.titles)
}

/** One line for each test that did not do what the list says; when the whole suite ran, also for titles that no test has. */
export function compare(
  gaps: readonly KnownGap[],
  ran: { readonly passed: readonly string[]; readonly failed: readonly string[]; readonly skipped: readonly string[] },
  wholeSuite: boolean,
): readonly string[] {
  const known = new Set(gaps.filter((gap) => gap.sometimes !== true).flatMap((gap) => gap.titles))
  const races = new Set(gaps.filter((gap) => gap.sometimes === true).flatMap((gap) => gap.titles))
  const existing = new Set([...ran.passed, ...ran.failed, ...ran.skipped])
  const gone = wholeSuite ? [...known, ...races].filter((title) => !existing.has(title)) : []
  return [
    ...ran.failed.filter((title) => !known.has(title) && !races.has(title)).map((title) => `newly failing: ${title}`),
    ...ran.passed.filter((title) => known.has(title)).map((title) => `newly passing: ${title}`),
    ...ran.skipped.filter((title) => known.has(title)).map((title) => `skipped, though listed: ${title}`),
    ...gone.map((title) => `listed, but there is no such test: ${title}`),
  ]
}
