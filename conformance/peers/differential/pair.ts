/** Two registries asked the same: their answers, where these differ, and what has to be forgotten because they no longer hold the same. */
import { ask, type Answer, type Request } from '../support/ask.ts'
import { compareAnswers, outcomeOf } from './compare-answers.ts'
import { digestOf } from './content.ts'

export type Side = 'distribution' | 'lading'
export type Both<T> = Readonly<Record<Side, T>>

export interface Difference {
  /** The kind of request, and what is odd about it. */
  readonly what: string
  /** What differs: the outcome (status and error codes), a header, the body, or the tree that is left. */
  readonly aspect: string
  readonly distribution: string
  readonly lading: string
  /** How to see it: the requests of its story up to this one. */
  readonly reproduction: readonly string[]
}

/** One made a change that the other refused, or another one: whatever is asked afterwards differs for that reason alone. */
export class Diverged extends Error {}

export interface Pair {
  /** Throws Diverged. `what` is the kind of request, and after a comma what is odd about it. */
  ask(what: string, request: Request | ((side: Side) => Request)): Promise<Both<Answer>>
}

export interface RecordedPair extends Pair {
  readonly differences: readonly Difference[]
  readonly requests: number
  /** Of everything that was sent, and of everything that was named in a path. */
  readonly digests: ReadonlySet<string>
  /** From an upload's id on either side to its number. */
  readonly uploads: ReadonlyMap<string, string>
}

const mostReproduced = 12

export function openPair(urls: Both<string>): RecordedPair {
  const differences: Difference[] = []
  const lines: string[] = []
  const digests = new Set<string>()
  const uploads = new Map<string, string>()
  let requests = 0

  const remember = (request: Request, answers: Both<Answer>): void => {
    for (const [digest] of request.path.matchAll(/sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})/g)) digests.add(digest)
    for (const algorithm of ['sha256', 'sha512'] as const) {
      if (request.body !== undefined) digests.add(digestOf(request.body, algorithm))
    }
    const ids = Object.values(answers).map(({ headers }) => String(headers['docker-upload-uuid']))
    if (ids.every((id) => !uploads.has(id))) for (const id of ids) uploads.set(id, `upload-${requests}`)
  }

  return {
    differences,
    digests,
    uploads,
    get requests() {
      return requests
    },
    async ask(what, request) {
      const requestOf = typeof request === 'function' ? request : () => request
      const asked = { distribution: requestOf('distribution'), lading: requestOf('lading') }
      const [distribution, lading] = await Promise.all([
        ask(urls.distribution, asked.distribution),
        ask(urls.lading, asked.lading),
      ])
      requests++
      const answers = { distribution, lading }
      remember(asked.distribution, answers)
      lines.push(lineOf(asked.distribution, answers))
      const found = compareAnswers(asked.distribution, answers)
      const reproduction = found.length === 0 ? [] : shortened(lines)
      differences.push(...found.map((entry) => ({ what, ...entry, reproduction })))

      const changes = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(asked.distribution.method)
      const someAccepted = isSuccess(distribution) || isSuccess(lading)
      if (changes && someAccepted && distribution.status !== lading.status) throw new Diverged()
      return answers
    },
  }
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function lineOf(
  { method, path, headers = {}, body, chunked }: Request,
  { distribution, lading }: Both<Answer>,
): string {
  const named = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value.slice(0, 120)}'`)
  const sent = body === undefined ? [] : [`--data <${describeBody(body)}${chunked ? ', chunked' : ''}>`]
  const said = [distribution, lading].map(outcomeOf)
  return `${[method, `'${path.replace(/_state=[^&]*/, '_state=…')}'`, ...named, ...sent].join(' ')} → ${said[0] === said[1] ? said[0] : said.join(' | ')}`
}

function describeBody(body: Uint8Array): string {
  const text = Buffer.from(body).toString('latin1')
  return /^[\x20-\x7e\s]{0,700}$/.test(text) && text !== '' ? text : `${body.length} bytes`
}

function shortened(lines: readonly string[]): string[] {
  if (lines.length <= mostReproduced) return [...lines]
  return [`… ${lines.length - mostReproduced} requests before`, ...lines.slice(-mostReproduced)]
}
