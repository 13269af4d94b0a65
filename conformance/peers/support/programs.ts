/** The registries that share a storage layout: CNCF distribution in both its generations, and Lading; how each is run as its operator runs it. */
import { spawnSync } from 'node:child_process'
import { requireThat } from '../../../testing/requirements.ts'
import { mainFile } from '../../../testing/start-server.ts'
import { findTool } from '../../clients/support/tools.ts'

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
  const named = missing.map(({ label, commandLine }) => `${label} (${commandLine[0]})`).join(', ')
  requireThat(context, missing.length === 0, `${named} in PATH or $LADING_TOOLS/bin`)
}

function isInstalled({ commandLine: [name], version }: Program): boolean {
  const file = findTool(name)
  if (file === undefined) return false
  return version?.test(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout) ?? true
}
