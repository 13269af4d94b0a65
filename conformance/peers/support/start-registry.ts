/** Starts any of the registries on one and the same configuration file, so that only the process differs. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
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
  const [command, ...before] = program.commandLine
  const child = spawn(command, [...before, 'serve', file], {
    // A group of its own: workers end with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: toolsPath(),
      HOME: process.env['HOME'],
      OTEL_TRACES_EXPORTER: 'none',
      REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of the group has ended.
    }
  }
  process.once('exit', killGroup)
  void ended.then(() => process.off('exit', killGroup))

  const url = `http://127.0.0.1:${port}`
  for (const deadline = Date.now() + startTimeoutMs; !(await answers(url)); await sleep(20)) {
    if (child.exitCode === null && child.pid !== undefined && Date.now() < deadline) continue
    killGroup()
    throw new Error(`${program.label} did not start: ${output}`)
  }
  return {
    label: program.label,
    url,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(killGroup, stopTimeoutMs)
      await ended
      clearTimeout(late)
    },
  }
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
