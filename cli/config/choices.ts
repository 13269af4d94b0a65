/** The two places where exactly one key is chosen: the storage driver, and the kind of auth. */
import { isRefusedDriver } from './foreign-options.ts'
import { didYouMean } from './nearest-name.ts'
import { oldNames } from './old-names.ts'
import { storageSettings } from './options/storage.ts'
import type { Findings } from './problems.ts'
import { shapeOf } from './schema-shape.ts'
import { configurationSchema } from './schema.ts'
import { emptyMap, isNull, keysAt, nodeAt, originAt, setAt } from './source-tree.ts'
import type { MapNode, SourceNode } from './source-tree.ts'

/** `storage: inmemory` and `storage: {inmemory: }` are short for `storage: {inmemory: {}}`; so with `auth: none`. */
export function expandShorthand(root: MapNode): void {
  for (const place of ['storage', 'auth']) {
    const node = nodeAt(root, [place])
    if (node?.kind === 'scalar' && !isNull(node) && node.value !== '') {
      setAt(root, [place], mapOf(place === 'auth' ? String(node.value).toLowerCase() : String(node.value), node))
    }
    for (const key of keysAt(root, [place])) {
      const child = nodeAt(root, [place, key])
      if (isNull(child)) setAt(root, [place, key], emptyMap(child?.origin))
    }
  }
}

function mapOf(key: string, { origin }: SourceNode): MapNode {
  const map = emptyMap(origin)
  map.entries.set(key, emptyMap(origin))
  return map
}

export function checkDriver(root: MapNode, findings: Findings): void {
  const known = optionsOf('storage')
  const drivers = keysAt(root, ['storage']).filter((key) => !storageSettings.includes(key))
  const [first, ...others] = drivers

  if (first === undefined) {
    const sentence = 'storage has no driver. Give storage.filesystem.rootdirectory, the folder to store in.'
    findings.problem(originAt(root, ['storage']), sentence)
  }
  for (const other of others) {
    const sentence = `there are several storage drivers: ${drivers.join(', ')}. Keep one.`
    findings.problem(originAt(root, ['storage', other]), sentence)
  }
  for (const driver of drivers.filter((name) => !known.includes(name) && !isRefusedDriver(name))) {
    const sentence = `storage.${driver} is neither a storage driver nor a setting of storage${didYouMean(driver, known) || '.'}`
    findings.problem(originAt(root, ['storage', driver]), sentence)
  }
}

export function checkAuth(root: MapNode, findings: Findings): void {
  const known = optionsOf('auth')
  const node = nodeAt(root, ['auth'])
  const kinds = keysAt(root, ['auth'])

  if (node !== undefined && (isNull(node) || node.kind === 'map') && kinds.length === 0) {
    const sentence = 'auth is empty, so the registry is open to everyone who can reach it. Write auth: none to say so.'
    findings.warning(node.origin, sentence)
  }
  for (const other of kinds.slice(1)) {
    findings.problem(originAt(root, ['auth', other]), `there are several kinds of auth: ${kinds.join(', ')}. Keep one.`)
  }
  for (const kind of kinds.filter((name) => !known.includes(name))) {
    const hint = didYouMean(kind, known) || `. Choose one of ${known.join(', ')}.`
    findings.problem(originAt(root, ['auth', kind]), `auth.${kind} is not a kind of auth${hint}`)
  }
}

function optionsOf(place: 'storage' | 'auth'): string[] {
  const shape = shapeOf(configurationSchema.shape[place])
  const older = oldNames.filter(({ from }) => from.length === 2 && from[0] === place).map(({ from }) => String(from[1]))
  return shape.kind === 'section' ? [...Object.keys(shape.options), ...older] : older
}
