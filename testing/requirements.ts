// Tests that need something of the machine: without it they say so and are skipped, or fail where LADING_REQUIRE_TOOLS=1 promises that all is there.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import type { Context } from 'mocha'

export function requireThat(context: Context, isThere: boolean, what: string): void {
  if (isThere) return
  if (process.env['LADING_REQUIRE_TOOLS'] === '1') throw new Error(`this machine lacks: ${what}`)
  console.log(`        skipped, it needs ${what}`)
  context.skip()
}

export function requireRoot(context: Context): void {
  requireThat(context, process.getuid?.() === 0 && process.platform === 'linux', 'root on Linux')
}

export function requireLinux(context: Context): void {
  requireThat(context, process.platform === 'linux', 'Linux')
}

export function requireTool(context: Context, tool: string): void {
  requireThat(context, spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0, tool)
}

/** The user `nobody`, for tests that run as root, which may write everywhere. */
const nobody = 65_534

/** The command that gives up being root before it becomes another one, or nothing for who is not root. `folders` then belong to that user. */
export function requireOrdinaryUser(context: Context, folders: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return []
  const [tool, ...args] = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] as const
  const readsSources = `fs.readdirSync(${JSON.stringify(import.meta.dirname)})`
  const attempt = spawnSync(tool, [...args, process.execPath, '--eval', readsSources])
  requireThat(context, attempt.status === 0, 'setpriv, and sources that every user may read')
  for (const folder of folders) fs.chownSync(folder, nobody, nobody)
  return [tool, ...args]
}
