/** Finds the real clients: in the folder that testing/tools/install.sh fills, then in PATH. */
import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** PATH with the installed tools in front, and the folders where daemons live, which a user's PATH may lack. */
export function toolsPath(): string {
  const tools = process.env['LADING_TOOLS'] ?? path.join(homedir(), '.cache', 'lading-tools')
  return [path.join(tools, 'bin'), process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(path.delimiter)
}

/**
 * Skips the suite and says why when a tool is missing, so that a contributor can run what their machine has.
 * With LADING_REQUIRE_TOOLS=1, as in CI, a missing tool is a failure.
 */
export function needTools(suite: Mocha.Context, ...names: readonly string[]): void {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return
  const reason = `${missing.join(', ')} not found; testing/tools/install.sh installs what the client suites drive`
  skipSuite(suite, reason)
}

/** The same for suites whose daemons (dockerd, containerd) only root can start. */
export function needRoot(suite: Mocha.Context): void {
  if (process.getuid?.() === 0) return
  skipSuite(suite, 'needs root: it starts a container daemon of its own')
}

function skipSuite(suite: Mocha.Context, reason: string): void {
  if (process.env['LADING_REQUIRE_TOOLS'] === '1') throw new Error(reason)
  console.log(`      skipped: ${reason}`)
  suite.skip()
}

function isInstalled(name: string): boolean {
  return toolsPath()
    .split(path.delimiter)
    .some((folder) => isExecutable(path.join(folder, name)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
