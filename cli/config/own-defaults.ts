/** The defaults of a registry that was started without any file: ready to use, and reachable from this machine only. */
import { storageSettings } from './options/storage.ts'
import { emptyMap, keysAt, nodeAt, scalarNode, setAt } from './source-tree.ts'
import type { MapNode, Path, ScalarNode } from './source-tree.ts'

export const ownDefaults: readonly { readonly path: Path; readonly value: NonNullable<ScalarNode['value']> }[] = [
  { path: ['http', 'addr'], value: '127.0.0.1:5000' },
  { path: ['storage', 'filesystem', 'rootdirectory'], value: './data' },
  { path: ['storage', 'delete', 'enabled'], value: true },
]

/** Fills in what the environment has not set. */
export function applyOwnDefaults(root: MapNode): void {
  if (keysAt(root, ['storage']).every((key) => storageSettings.includes(key))) {
    setAt(root, ['storage', 'filesystem'], emptyMap())
  }
  for (const { path, value } of ownDefaults) {
    const isOtherDriver = path[1] === 'filesystem' && nodeAt(root, ['storage', 'filesystem']) === undefined
    if (!isOtherDriver && nodeAt(root, path) === undefined) setAt(root, path, scalarNode(value))
  }
}
