/** What every client suite works with: a registry, a folder for its files, and one layout of sample content, opened and closed by mocha's hooks. */
import { OciLayout } from './oci-layout.ts'
import { openRegistry, type RegistryUnderTest } from './registry-under-test.ts'
import { openTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts'
import { needRoot, needTools } from './tools.ts'
import type { Repository } from './http.ts'

export interface Workbench {
  readonly registry: RegistryUnderTest
  readonly folder: TemporaryFolder
  readonly layout: OciLayout
  /** A repository of its own for a test, and its name as clients write it: host:port/name. */
  repository(purpose: string): Repository & { readonly reference: string }
  /** Runs when the suite is over, the last one first: what a test started ends before the folder that it works in goes. */
  atEnd(cleanup: () => Promise<void>): void
}

export interface WorkbenchNeeds {
  readonly tools: readonly string[]
  readonly root?: boolean
}

/** Registers the hooks in the surrounding describe(). The result is ready once the tests run, not before. */
export function useWorkbench(purpose: string, needs: WorkbenchNeeds): () => Workbench {
  let bench: Workbench | undefined
  const cleanups: (() => Promise<void>)[] = []

  before(async function () {
    needTools(this, ...needs.tools)
    if (needs.root) needRoot(this)
    const folder = await openTemporaryFolder(purpose)
    cleanups.push(() => folder.remove())
    const registry = await openRegistry()
    cleanups.push(() => registry.stop())
    const layout = await OciLayout.create(folder.in('source'))
    bench = {
      registry,
      folder,
      layout,
      repository(name) {
        const repository = registry.freshRepository(name)
        return { url: registry.url, name: repository, reference: `${registry.host}/${repository}` }
      },
      atEnd: (cleanup) => void cleanups.push(cleanup),
    }
  })

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  return () => {
    if (!bench) throw new Error('the workbench is opened by a before() hook')
    return bench
  }
}
