/** Collects what is wrong with a configuration, so that everything is told at once and in the order of the file. */
import { dottedName } from './source-tree.ts'
import type { Origin, Path } from './source-tree.ts'

/** Thrown once, with every mistake that was found. Holds no value that the operator wrote, so no secret can leak from it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
  readonly problems: readonly string[]
  readonly warnings: readonly string[]

  constructor({ problems, warnings }: { readonly problems: readonly string[]; readonly warnings: readonly string[] }) {
    super(problems.join('\n'))
    this.problems = problems
    this.warnings = warnings
  }
}

export interface Findings {
  /** Keeps the registry from starting. */
  problem(origin: Origin | undefined, sentence: string): void
  /** Is told, and the registry starts. */
  warning(origin: Origin | undefined, sentence: string): void
  readonly problems: string[]
  readonly warnings: string[]
}

interface Finding {
  readonly origin: Origin | undefined
  readonly sentence: string
}

export function collectFindings(): Findings {
  const problems: Finding[] = []
  const warnings: Finding[] = []

  return {
    problem: (origin, sentence) => void problems.push({ origin, sentence }),
    warning: (origin, sentence) => void warnings.push({ origin, sentence }),
    get problems() {
      return written(problems)
    },
    get warnings() {
      return written(warnings)
    },
  }
}

function written(findings: Finding[]): string[] {
  const sentences = findings
    .toSorted((a, b) => lineOf(a) - lineOf(b))
    .map(({ origin, sentence }) => at(origin, sentence))
  return [...new Set(sentences)]
}

function lineOf({ origin }: Finding): number {
  return origin !== undefined && 'line' in origin ? origin.line : Infinity
}

function at(origin: Origin | undefined, sentence: string): string {
  if (origin === undefined) return sentence
  return 'variable' in origin ? `${origin.variable}: ${sentence}` : `${origin.file}:${origin.line}: ${sentence}`
}

/** The name of the option and what is the matter with it, as one sentence. */
export function about(path: Path, sentence: string): string {
  return path.length === 0 ? sentence : `${dottedName(path)} ${sentence}`
}
