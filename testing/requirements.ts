// Tests that need something of the machine: without it they say so and are skipped, or fail where LADING_REQUIRE_TOOLS=1 promises that all is there.
import { spawnSync } from 'node:child_process'
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
