/** A suite's needs checked, a folder for its files, and the order in which everything ends: what every suite with real programs begins with. */
import { requireRoot } from '../../../testing/requirements.ts'
import { openTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts'
import { needTools } from './tools.ts'

export interface SuiteNeeds {
  readonly tools: readonly string[]
  readonly root?: boolean
}

export interface SuiteFolder {
  readonly folder: TemporaryFolder
  /** Runs when the suite is over, the last one first: what a test started ends before the folder that it works in goes. */
  atEnd(cleanup: () => Promise<void>): void
}

/** Real programs on a busy machine: this is about a test that hangs, not about one that is slow. */
const TEST_TIMEOUT_MS = 180_000

/** Called first in a describe(), it registers hooks. The result is ready once later hooks and the tests run, not before. */
export function useSuiteFolder(describing: Mocha.Suite, purpose: string, needs: SuiteNeeds): () => SuiteFolder {
  describing.timeout(TEST_TIMEOUT_MS)
  let suite: SuiteFolder | undefined
  const cleanups: (() => Promise<void>)[] = []

  before(async function () {
    needTools(this, ...needs.tools)
    if (needs.root) requireRoot(this)
    const folder = await openTemporaryFolder(purpose)
    cleanups.push(() => folder.remove())
    suite = { folder, atEnd: (cleanup) => void cleanups.push(cleanup) }
  })

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  return () => {
    if (!suite) throw new Error('the folder is made by a before() hook')
    return suite
  }
}
