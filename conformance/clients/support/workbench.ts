/** What every client suite works with: a registry, a folder for its files, and an OCI layout for sample content. */
import type { Repository } from './http.ts'
import { OciLayout } from './oci-layout.ts'
import { openRegistry, type RegistryUnderTest } from './registry-under-test.ts'
import { useSuiteFolder, type SuiteFolder, type SuiteNeeds } from './suite-folder.ts'

export interface Workbench extends SuiteFolder {
  readonly registry: RegistryUnderTest
  readonly layout: OciLayout
  /** A repository of its own for a test, and its name as clients write it: host:port/name. */
  repository(purpose: string): Repository & { readonly reference: string }
}

/** Called first in a describe(), it registers hooks. The result is ready once later hooks and the tests run, not before. */
export function useWorkbench(describing: Mocha.Suite, purpose: string, needs: SuiteNeeds): () => Workbench {
  const suite = useSuiteFolder(describing, purpose, needs)
  let bench: Workbench | undefined

  before(async () => {
    const { folder, atEnd } = suite()
    const registry = await openRegistry()
    atEnd(() => registry.stop())
    bench = {
      folder,
      atEnd,
      registry,
      layout: await OciLayout.create(folder.in('source')),
      repository(name) {
        const repository = registry.freshRepository(name)
        return { url: registry.url, name: repository, reference: `${registry.host}/${repository}` }
      },
    }
  })

  return () => {
    if (!bench) throw new Error('the workbench is opened by a before() hook')
    return bench
  }
}
