/** Finds the real clients: in the folder that testing/tools/install.sh fills, then in PATH. */
import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { requireThat } from '../../../testing/requirements.ts'

/** PATH with the installed tools in front, and the folders where daemons live, which a user's PATH may lack. */
export function toolsPath(): string {
  const tools = process.env['LADING_TOOLS'] ?? path.join(homedir(), '.cache', 'lading-tools')
  return [path.join(tools, 'bin'), process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(path.delimiter)
}

/** Where a program is installed, if it is. */
export function findTool(name: string): string | undefined {
  return toolsPath()
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find(isExecutable)
}

/** A contributor runs what their machine has; the suites of the other tools say why they are skipped. */
export function needTools(suite: Mocha.Context, ...names: readonly string[]): void {
  const missing = names.filter((name) => findTool(name) === undefined)
  requireThat(suite, missing.length === 0, `${missing.join(', ')} (testing/tools/install.sh installs the clients)`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
