// What the clients know: of each thing in the registry the changes they asked for and which were acknowledged, and so what it may be now.

export interface Attempt {
  /** The client saw the registry's yes. */
  acknowledge(): void
}

/** Something that clients change and that can be looked at: a blob or manifest of a repository, or what a tag points at. */
export interface Subject {
  kind: 'blob' | 'manifest' | 'tag'
  repository: string
  /** A digest; the tag's name. */
  name: string
}

export const absent = 'absent'

export interface Ledger {
  /** A change begins: `value` is a digest, or `absent` for a delete. */
  attempt(subject: Subject, value: string): Attempt
  /** What the subject may be: the last acknowledged values, and those of changes without an answer that may have come later. */
  possible(subject: Subject): Set<string>
  /** It was looked at: from now on it is this, until it is changed again. */
  settle(subject: Subject, value: string): void
  /** What was changed since it was last settled. */
  unsettled(): Subject[]
  subjects(): Subject[]
}

interface Change {
  value: string
  from: number
  /** Infinity without an answer. */
  to: number
}

interface Page {
  subject: Subject
  changes: Change[]
}

export function openLedger(): Ledger {
  const pages = new Map<string, Page>()
  let clock = 0

  function pageOf(subject: Subject): Page {
    const key = `${subject.kind} ${subject.repository} ${subject.name}`
    let page = pages.get(key)
    if (page === undefined) {
      page = { subject, changes: [{ value: absent, from: 0, to: 0 }] }
      pages.set(key, page)
    }
    return page
  }

  return {
    attempt(subject, value) {
      const change = { value, from: ++clock, to: Infinity }
      pageOf(subject).changes.push(change)
      return { acknowledge: () => void (change.to = ++clock) }
    },

    possible(subject) {
      const { changes } = pageOf(subject)
      const acknowledged = changes.filter(({ to }) => to !== Infinity)
      // A change counts no more once an acknowledged one began after its end.
      const current = changes.filter(({ to }) => !acknowledged.some(({ from }) => from > to))
      return new Set(current.map(({ value }) => value))
    },

    settle(subject, value) {
      pageOf(subject).changes = [{ value, from: ++clock, to: clock }]
    },

    unsettled: () => [...pages.values()].filter(({ changes }) => changes.length > 1).map(({ subject }) => subject),
    subjects: () => [...pages.values()].map(({ subject }) => subject),
  }
}
