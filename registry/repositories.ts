// The repositories as a whole: which there are, and the removal of one.
import type { StorageDriver } from '../storage-drivers/driver.ts'
import {
  allReferrersPrefix,
  lastSegment,
  layersPrefix,
  manifestsPrefix,
  mediaTypesPrefix,
  repositoriesPrefix,
  tagsPrefix,
  uploadsPrefix,
} from './layout.ts'
import { repositoryNameIn, type RepositoryName } from './names.ts'

export interface Repositories {
  /** Whether the repository holds a manifest or a blob. */
  exists(repository: RepositoryName): Promise<boolean>
  /** Repositories that hold a manifest, in ASCII order of their names, behind `after`; reads no more than is taken. */
  list(after?: string): AsyncIterable<RepositoryName>
  /** Every name under which anything is stored, unfinished uploads included, in ASCII order. */
  listAll(): AsyncIterable<RepositoryName>
  /** Removes everything of the repository, and nothing of those whose names continue its own. Bytes go with garbage collection. */
  delete(repository: RepositoryName): Promise<void>
}

export function createRepositories(driver: StorageDriver): Repositories {
  async function holdsAny(prefix: string): Promise<boolean> {
    for await (const _ of driver.list(prefix)) return true
    return false
  }

  async function* walk(after: string | undefined): AsyncIterable<RepositoryName> {
    for await (const name of walkBelow(driver, '', after)) {
      const repository = repositoryNameIn(name)
      if (repository !== undefined) yield repository
    }
  }

  return {
    exists: async (repository) => (await holdsAny(manifestsPrefix(repository))) || holdsAny(layersPrefix(repository)),

    async *list(after) {
      for await (const repository of walk(after)) if (await holdsAny(manifestsPrefix(repository))) yield repository
    },

    listAll: () => walk(undefined),

    async delete(repository) {
      // Tags first: whatever a crash leaves behind is not reachable by name.
      for (const prefixOf of [
        tagsPrefix,
        manifestsPrefix,
        allReferrersPrefix,
        mediaTypesPrefix,
        layersPrefix,
        uploadsPrefix,
      ]) {
        await driver.deleteAll(prefixOf(repository))
      }
    },
  }
}

/** A step of the walk: a folder's own name, or the descent into what continues it behind a slash. */
interface Step {
  /** `name` for the folder itself, `name/` for the descent: sorted, the steps give the names in ASCII order. */
  order: string
  name: string
}

/** All folders that hold a `_` folder, depth first, in ASCII order of their whole names: `a`, `a-b`, `a.b`, `a/c`. */
async function* walkBelow(driver: StorageDriver, parent: string, after: string | undefined): AsyncIterable<string> {
  const steps: Step[] = []
  for await (const entry of driver.list(repositoriesPrefix + parent, { delimiter: '/' })) {
    const segment = lastSegment(entry)
    if (segment.startsWith('_') || !entry.endsWith('/')) continue
    const name = parent + segment
    steps.push({ order: name, name }, { order: `${name}/`, name })
  }
  steps.sort((a, b) => (a.order < b.order ? -1 : 1))
  for (const { order, name } of steps) {
    if (order === name) {
      if ((after === undefined || name > after) && (await isRepository(driver, name))) yield name
    } else if (after === undefined || order > after || after.startsWith(order)) {
      yield* walkBelow(driver, order, after)
    }
  }
}

async function isRepository(driver: StorageDriver, name: string): Promise<boolean> {
  for await (const entry of driver.list(`${repositoriesPrefix}${name}/`, { delimiter: '/' })) {
    const segment = lastSegment(entry)
    if (segment.startsWith('_')) return true
    // Folders of ours begin with `_`, which sorts before lower-case letters.
    if (segment > '`') return false
  }
  return false
}
