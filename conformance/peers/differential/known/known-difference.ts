/** A difference that is meant: a row of docs/differences.md, and the patterns by which a run recognises it. */
export interface KnownDifference {
  readonly id: string
  /** The row's sentences: the case, what each registry does, and why Lading does not do the same. */
  readonly what: string
  readonly distribution: string
  readonly lading: string
  readonly why: string
  readonly seen: readonly Pattern[]
}

export interface Pattern {
  /** The kind of request and what is odd about it; any, when it is left out. */
  readonly what?: RegExp
  /** `outcome` when it is left out. */
  readonly aspect?: string | RegExp
  readonly distribution: RegExp
  readonly lading: RegExp
}
