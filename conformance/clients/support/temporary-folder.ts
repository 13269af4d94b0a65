/** A folder that is gone when the test is. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface TemporaryFolder {
  readonly path: string
  /** A path inside the folder. */
  in(...names: readonly string[]): string
  remove(): Promise<void>
}

export async function openTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), `lading-${purpose}-`))
  return {
    path: folder,
    in: (...names) => path.join(folder, ...names),
    // A daemon that has just ended may still be unmounting below the folder.
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  }
}
