// Starts a registry with the same configuration as all others, on a free port and a folder of its own, and times it.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { startProcess } from '../../testing/start-process.ts'
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

  // An environment of its own: no REGISTRY_… of the caller.
  const env = { PATH: process.env['PATH'], HOME: folder, OTEL_TRACES_EXPORTER: 'none' }
  const startedAt = performance.now()
  const running = startProcess(registry.command(file), env)
  await running.untilReady(() => answers(port), { withinMs: startTimeoutMs, everyMs: pollMs })

  return {
    name: registry.name,
    label: registry.label,
    port,
    url: `http://127.0.0.1:${port}`,
    root,
    pid: running.process.pid as number,
    startMs: performance.now() - startedAt,
    output: running.output,
    stop: () => running.stop(stopTimeoutMs),
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
