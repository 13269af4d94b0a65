/** Starts any of the registries on one and the same configuration file, so that only the process differs. */
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startProcess } from '../../../testing/start-process.ts'
import { toolsPath } from '../../clients/support/tools.ts'
import type { Program } from './programs.ts'

export interface RunningRegistry {
  readonly label: string
  readonly url: string
  stop(): Promise<void>
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 15_000

/** The port is given in the environment, which all of them read: several may run on one file at the same time. */
export async function startRegistry(program: Program, file: string, port: number): Promise<RunningRegistry> {
  const running = startProcess([...program.commandLine, 'serve', file], {
    PATH: toolsPath(),
    HOME: process.env['HOME'],
    OTEL_TRACES_EXPORTER: 'none',
    // Lading is started very often.
    NODE_COMPILE_CACHE: path.join(tmpdir(), 'lading-compile-cache'),
    REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
  })
  const url = `http://127.0.0.1:${port}`
  await running.untilReady(() => answers(url), { withinMs: startTimeoutMs })
  return { label: program.label, url, stop: () => running.stop(stopTimeoutMs) }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v2/`, { headers: { connection: 'close' } })).ok
  } catch {
    return false
  }
}

/** What all of them understand; `root` is the directory they share or hand over. */
export function configuration(root: string): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${root} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:5000
  secret: the same for all
  relativeurls: true
`
}
