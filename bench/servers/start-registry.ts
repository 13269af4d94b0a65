// Starts a registry with the same configuration as all others, on a free port and a folder of its own, and times it.
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../testing/start-server.ts'
import type { Registry, RegistryName } from './registries.ts'

export interface Server {
  name: RegistryName
  label: string
  port: number
  url: string
  /** Where it stores. */
  root: string
  pid: number
  /** From the start of the process to the first answer. */
  startMs: number
  /** What it wrote to stdout and stderr. */
  output(): string
  stop(): Promise<void>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const pollMs = 2

export async function startRegistry(registry: Registry, folder: string): Promise<Server> {
  const port = await freePort()
  const root = path.join(folder, 'data')
  const file = path.join(folder, 'config.yml')
  fs.mkdirSync(root, { recursive: true })
  fs.writeFileSync(file, configuration(registry, root, port))

  const [program, ...args] = registry.command(file)
  const startedAt = performance.now()
  const child = spawn(program, args, {
    // A group of its own: workers end with it. An environment of its own: no REGISTRY_… of the caller.
    detached: true,
    env: { PATH: process.env['PATH'], HOME: folder, OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const killOnExit = (): void => killGroup(child)
  process.once('exit', killOnExit)
  void ended.then(() => process.off('exit', killOnExit))

  const deadline = startedAt + startTimeoutMs
  while (!(await answers(port))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() > deadline) {
      killGroup(child)
      throw new Error(`${registry.label} did not start: ${output}`)
    }
    await sleep(pollMs)
  }

  return {
    name: registry.name,
    label: registry.label,
    port,
    url: `http://127.0.0.1:${port}`,
    root,
    pid: child.pid as number,
    startMs: performance.now() - startedAt,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      const late = setTimeout(() => killGroup(child), stopTimeoutMs)
      await ended
      clearTimeout(late)
    },
  }
}

/** JSON is YAML. */
function configuration({ hasCache }: Registry, root: string, port: number): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      ...(hasCache ? { cache: { blobdescriptor: 'inmemory' } } : {}),
      filesystem: { rootdirectory: root },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}`, secret: 'benchmark' },
  })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', path: '/v2/', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of the group has ended.
  }
}
