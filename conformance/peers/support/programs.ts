/** The registries that share a storage layout: CNCF distribution in both its generations, and Lading; how each is run as its operator runs it. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { mainFile } from '../../../testing/start-server.ts'
import { toolsPath } from '../../clients/support/tools.ts'

export interface Program {
  /** As titles and messages name it. */
  readonly label: string
  /** Before the command and the configuration file. */
  readonly commandLine: readonly [string, ...string[]]
  /** What it writes for `--version`; undefined for Lading, which is always there. */
  readonly version?: RegExp
}

export type PeerName = 'distribution2' | 'distribution3'

export const peers: Readonly<Record<PeerName, Program>> = {
  distribution2: { label: 'distribution 2.8', commandLine: ['docker-registry'], version: /\bv?2\.8\.\d+/ },
  distribution3: { label: 'distribution 3.1', commandLine: ['registry'], version: /\bv3\.1\.\d+/ },
}

export const lading: Program = { label: 'Lading', commandLine: [process.execPath, mainFile] }

/** Skips and says why where a peer is not installed; fails where LADING_REQUIRE_TOOLS=1 promises that all is there. */
export function needPeers(context: Mocha.Context, ...names: readonly PeerName[]): void {
  const missing = names.map((name) => peers[name]).filter((program) => !isInstalled(program))
  if (missing.length === 0) return
  const reason = `${missing.map(({ label, commandLine }) => `${label} (${commandLine[0]})`).join(', ')} not found in PATH or $LADING_TOOLS/bin`
  if (process.env['LADING_REQUIRE_TOOLS'] === '1') throw new Error(reason)
  console.log(`      skipped: ${reason}`)
  context.skip()
}

function isInstalled({ commandLine: [name], version }: Program): boolean {
  const file = toolsPath()
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find(isExecutable)
  if (file === undefined) return false
  return version?.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout) ?? true
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
