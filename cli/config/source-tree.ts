/** What the operator wrote, from file and environment, with the place each value came from. Knows nothing of options. */

export type Origin = { readonly file: string; readonly line: number } | { readonly variable: string }

export type Path = readonly (string | number)[]

/** Numbers and booleans appear as such only where their text is the canonical one, so String(value) is what was written. */
export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  readonly origin: Origin | undefined
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: SourceNode[]
  readonly origin: Origin | undefined
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: Map<string, SourceNode>
  readonly origin: Origin | undefined
}

export type SourceNode = ScalarNode | ListNode | MapNode

export function emptyMap(origin?: Origin): MapNode {
  return { kind: 'map', entries: new Map(), origin }
}

export function scalarNode(value: ScalarNode['value'], origin?: Origin): ScalarNode {
  return { kind: 'scalar', value, origin }
}

export function isNull(node: SourceNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null)
}

export function childOf(node: SourceNode | undefined, key: string | number): SourceNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(key))
  if (node?.kind === 'list') return node.items[Number(key)]
  return undefined
}

export function nodeAt(root: SourceNode, path: Path): SourceNode | undefined {
  return path.reduce<SourceNode | undefined>(childOf, root)
}

/** The text of a scalar; undefined for anything else, and for null and the empty text, which both mean "not given". */
export function textAt(root: SourceNode, path: Path): string | undefined {
  const node = nodeAt(root, path)
  if (node?.kind !== 'scalar' || node.value === null || node.value === '') return undefined
  return String(node.value)
}

/** Where the value at the path came from; for a missing value, where the section around it came from. */
export function originAt(root: SourceNode, path: Path): Origin | undefined {
  let node: SourceNode | undefined = root
  let { origin } = root
  for (const key of path) {
    node = childOf(node, key)
    if (node === undefined) return origin
    origin = node.origin ?? origin
  }
  return origin
}

export function keysAt(root: SourceNode, path: Path): string[] {
  const node = nodeAt(root, path)
  return node?.kind === 'map' ? [...node.entries.keys()] : []
}

export function itemsAt(root: SourceNode, path: Path): SourceNode[] {
  const node = nodeAt(root, path)
  return node?.kind === 'list' ? node.items : []
}

/** Puts the node at the path and makes what is missing on the way. An index may be at most the length of its list. */
export function setAt(root: MapNode, path: Path, node: SourceNode): void {
  const [key, ...rest] = path
  if (key === undefined) return
  setIn(root, key, rest, node)
}

function setIn(container: MapNode | ListNode, key: string | number, rest: Path, node: SourceNode): void {
  const [next, ...deeper] = rest
  if (next === undefined) return setChild(container, key, node)

  const existing = childOf(container, key)
  const child = containerFor(existing, typeof next === 'number', node.origin)
  if (child !== existing) setChild(container, key, child)
  setIn(child, next, deeper, node)
}

function setChild(container: MapNode | ListNode, key: string | number, node: SourceNode): void {
  if (container.kind === 'map') container.entries.set(String(key), node)
  else container.items[Number(key)] = node
}

function containerFor(existing: SourceNode | undefined, isList: boolean, origin?: Origin): MapNode | ListNode {
  if (!isList) return existing?.kind === 'map' ? existing : emptyMap(origin)
  if (existing?.kind === 'list') return existing
  const items = existing?.kind === 'scalar' && existing.value !== null ? [existing] : []
  return { kind: 'list', items, origin }
}

export function removeAt(root: MapNode, path: Path): void {
  const parent = nodeAt(root, path.slice(0, -1))
  if (parent?.kind === 'map') parent.entries.delete(String(path.at(-1)))
}

/** Plain values for the schema. What is null is left out: an empty key means the default, as in Go. */
export function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value ?? undefined
  if (node.kind === 'list') return node.items.map(plainValue)

  const given = [...node.entries].filter(([, child]) => !isNull(child))
  return Object.fromEntries(given.map(([key, child]) => [key, plainValue(child)]))
}

export function dottedName(path: Path): string {
  return path.reduce<string>((name, key) => {
    if (typeof key === 'number') return `${name}[${key}]`
    return name === '' ? key : `${name}.${key}`
  }, '')
}
