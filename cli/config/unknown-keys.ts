/** Keys that are no option: a slip of the keyboard keeps the registry from starting, anything else is told and ignored. */
import type { z } from 'zod'
import { nearestName } from './nearest-name.ts'
import type { Findings } from './problems.ts'
import { shapeOf } from './schema-shape.ts'
import { dottedName } from './source-tree.ts'
import type { Path, SourceNode } from './source-tree.ts'

/** Where the keys are kinds to choose from; `choices.ts` looks at them. */
const choices: readonly string[] = ['storage', 'auth']

export function findUnknownKeys(node: SourceNode, schema: z.ZodType, findings: Findings, path: Path = []): void {
  const shape = shapeOf(schema)
  if (shape.kind === 'list' && node.kind === 'list') {
    node.items.forEach((item, index) => findUnknownKeys(item, shape.element, findings, [...path, index]))
  }
  if (shape.kind !== 'section' || node.kind !== 'map') return

  for (const [key, child] of node.entries) {
    const option = Object.hasOwn(shape.options, key) ? shape.options[key] : undefined
    if (option !== undefined) findUnknownKeys(child, option, findings, [...path, key])
    else if (!choices.includes(dottedName(path))) report(child, key, Object.keys(shape.options), findings, path)
  }
}

function report(child: SourceNode, key: string, known: string[], findings: Findings, path: Path): void {
  const name = dottedName([...path, key])
  const nearest = nearestName(key, known)
  if (nearest === undefined) findings.warning(child.origin, `${name} is not an option of this registry; it is ignored.`)
  else findings.problem(child.origin, `unknown option ${name}; did you mean ${dottedName([...path, nearest])}?`)
}
