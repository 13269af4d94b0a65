/** REGISTRY_* variables over the tree of the file, by the rules of distribution. */
import { expandShorthand } from './choices.ts'
import { foreignOptions } from './foreign-options.ts'
import { nearestName } from './nearest-name.ts'
import { oldNames } from './old-names.ts'
import { optionNotes } from './option-kinds.ts'
import { collectFindings } from './problems.ts'
import type { Findings } from './problems.ts'
import { shapeOf } from './schema-shape.ts'
import { configurationSchema } from './schema.ts'
import { isNull, keysAt, nodeAt, removeAt, scalarNode, setAt } from './source-tree.ts'
import type { MapNode, Origin, Path, SourceNode } from './source-tree.ts'
import { readYaml } from './yaml-source.ts'
import type { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

/** The only place that reads the process's environment. */
export function processEnvironment(environment: Environment = process.env): Environment {
  return environment
}

const prefix = 'REGISTRY_'

/** Read elsewhere, or by nobody. */
const noOptions: readonly string[] = ['REGISTRY_CONFIGURATION_PATH']

/** What Kubernetes puts into every container for a service whose name begins with "registry". */
const kubernetesService =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)$/u

/** Changes the tree. Sorted by name, so that REGISTRY_STORAGE replaces the section before REGISTRY_STORAGE_S3_BUCKET refines it. */
export function applyEnvironment(root: MapNode, environment: Environment, findings: Findings): void {
  expandShorthand(root)
  for (const variable of Object.keys(environment)
    .filter((name) => name.startsWith(prefix))
    .sort(byParts)) {
    const value = environment[variable]
    if (value === undefined || noOptions.includes(variable)) continue
    const place = locate(variable, root)
    if ('path' in place) apply(root, { variable, value, ...place }, findings)
    else reportUnknown(variable, place, findings)
  }
}

function byParts(one: string, other: string): number {
  const [a, b] = [one.split('_'), other.split('_')]
  const index = a.findIndex((part, position) => part !== b[position])
  const [left, right] = [a[index], b[index]]
  if (left === undefined) return a.length - b.length
  if (right === undefined) return 1
  // Go compares the text, so a list with eleven entries cannot be filled from its environment; here it can.
  if (/^\d+$/u.test(left) && /^\d+$/u.test(right)) return Number(left) - Number(right)
  return left < right ? -1 : 1
}

interface Place {
  readonly path: Path
  readonly schema?: z.ZodType
}

interface NoPlace {
  /** The name up to the part that is unknown, and what could stand there. */
  readonly known: readonly string[]
  readonly part: string
  readonly candidates: readonly string[]
}

function locate(variable: string, root: MapNode): Place | NoPlace {
  const parts = variable.slice(prefix.length).split('_')
  let schema: z.ZodType = configurationSchema
  const path: (string | number)[] = []

  for (const [index, part] of parts.entries()) {
    const shape = shapeOf(schema)
    if (shape.kind === 'section') {
      // Distribution inlines the fields of redis and still answers to the name of the struct.
      if (part === 'OPTIONS' && path.join('.') === 'redis') continue
      const key = Object.entries(shape.options).find(([name, option]) => answersTo(part, name, option))
      if (key === undefined) {
        const isService = kubernetesService.test(variable)
        if (part !== '' && !isService && isOutsideSchema(path, part)) {
          return { path: [...path, ...parts.slice(index).map(freeKey)] }
        }
        return { known: parts.slice(0, index), part, candidates: Object.keys(shape.options) }
      }
      path.push(key[0])
      schema = key[1]
    } else if (shape.kind === 'list' && /^\d+$/u.test(part)) {
      path.push(Number(part))
      schema = shape.element
    } else if ((shape.kind === 'map' || shape.kind === 'anything') && part !== '') {
      path.push(keysAt(root, path).find((key) => key.toUpperCase() === part.toUpperCase()) ?? part.toLowerCase())
      schema = shape.kind === 'map' ? shape.value : schema
    } else return { known: parts.slice(0, index), part, candidates: [] }
  }
  return { path, schema }
}

function answersTo(part: string, name: string, option: z.ZodType): boolean {
  return part === name.toUpperCase() || part === optionNotes.get(option)?.alsoNamed
}

/** Unknown drivers and kinds of auth must not pass unseen, and what has an older name or is refused is judged later. */
function isOutsideSchema(path: Path, part: string): boolean {
  if (path.length === 1 && (path[0] === 'storage' || path[0] === 'auth')) return true
  const elsewhere = [...oldNames.map(({ from }) => from), ...foreignOptions.map((option) => option.path)]
  const here = [...path, part.toLowerCase()]
  return part === part.toUpperCase() && elsewhere.some((known) => here.every((key, index) => key === known[index]))
}

function freeKey(part: string): string | number {
  return /^\d+$/u.test(part) ? Number(part) : part.toLowerCase()
}

function apply(root: MapNode, change: Place & { variable: string; value: string }, findings: Findings): void {
  const { variable, value, path, schema } = change
  const origin: Origin = { variable }
  if (path[0] === 'version') {
    findings.warning(origin, 'the version is read from the file only; this variable is ignored.')
    return
  }
  const gap = gapIn(root, path)
  if (gap !== undefined) {
    findings.problem(
      origin,
      `entry ${gap.index} of this list cannot be set before entry ${gap.length}. Number from 0, without gaps.`,
    )
    return
  }

  const isValue = schema !== undefined && shapeOf(schema).kind === 'value'
  const node = readValue(value, { origin, isValue }, findings)
  const guarded = authKinds(root).length > 0
  setAt(root, path, node)
  expandShorthand(root)
  if (path[0] !== 'auth') return
  if (isNull(nodeAt(root, ['auth']))) removeAt(root, ['auth'])
  if (guarded && authKinds(root).length === 0) {
    findings.warning(origin, 'takes the place of the auth section: the registry is open to everyone who can reach it.')
  }
}

function authKinds(root: MapNode): string[] {
  return keysAt(root, ['auth']).filter((kind) => kind !== 'none')
}

function readValue(
  value: string,
  { origin, isValue }: { origin: Origin; isValue: boolean },
  findings: Findings,
): SourceNode {
  const attempt = collectFindings()
  const node = readYaml(value, () => origin, attempt)
  // A password that begins with *, @ or # is no YAML, or an empty one, but what is meant by it is plain.
  const isLost = attempt.problems.length > 0 || (node === undefined && !/^\s*(?:|~|null)\s*$/iu.test(value))
  if (isValue && isLost) return scalarNode(value, origin)
  if (attempt.problems.length > 0) {
    findings.problem(origin, 'the value is not valid YAML. Give it in one line, such as {enabled: true} or ["a", "b"].')
  }
  return node ?? scalarNode(null, origin)
}

function gapIn(root: MapNode, path: Path): { readonly index: number; readonly length: number } | undefined {
  for (const [position, index] of path.entries()) {
    if (typeof index !== 'number') continue
    const list = nodeAt(root, path.slice(0, position))
    const length = list?.kind === 'list' ? list.items.length : list?.kind === 'scalar' && !isNull(list) ? 1 : 0
    if (index > length) return { index, length }
  }
  return undefined
}

function reportUnknown(variable: string, { known, part, candidates }: NoPlace, findings: Findings): void {
  const names = candidates.map((key) => key.toUpperCase())
  if (known.length === 0 && nearestName(part, ['AUTH']) !== undefined) {
    findings.problem(
      { variable },
      'this is not the name of an option, and looks like one of auth. Write REGISTRY_AUTH, or remove it.',
    )
    return
  }
  if (kubernetesService.test(variable)) {
    findings.warning({ variable }, 'ignored: Kubernetes sets such variables for a service of that name.')
    return
  }
  const nearest = nearestName(part, names)
  const hint = nearest === undefined ? '.' : `; did you mean ${['REGISTRY', ...known, nearest].join('_')}?`
  findings.warning({ variable }, `this is not the name of an option, so it is ignored${hint}`)
}
