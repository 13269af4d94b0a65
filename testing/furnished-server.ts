// A shared server whose operator has switched on everything that decorates answers and logs: for tests that look at one of them each.
import { freshFolder } from './fresh-folder.ts'
import { sharedServer } from './shared-server.ts'
import { freePort, type TestServer } from './start-server.ts'
import { waitFor } from './wait-for.ts'
import fs from 'node:fs'
import path from 'node:path'

export const allowedOrigin = 'https://ui.example.com'
export const warnings = ['This registry moves on Friday.', 'Say "hello".']
export const maxManifestBytes = 100_000

export interface FurnishedServer extends TestServer {
  /** Of the server for operators. */
  debugUrl: string
}

let furnished: Promise<FurnishedServer> | undefined

export function furnishedServer(): Promise<FurnishedServer> {
  furnished ??= start()
  return furnished
}

async function start(): Promise<FurnishedServer> {
  const debugPort = await freePort()
  const folder = freshFolder()
  const file = path.join(folder, 'config.yml')
  fs.writeFileSync(file, configuration(path.join(folder, 'data'), debugPort))
  const server = await sharedServer({
    storage: 'filesystem',
    root: path.join(folder, 'data'),
    workers: 2,
    file,
    environment: { REGISTRY_LOG_LEVEL: 'info', REGISTRY_LOG_ACCESSLOG_DISABLED: 'false' },
  })
  const debugUrl = `http://127.0.0.1:${debugPort}`
  // It listens a moment after the registry.
  await waitFor(() => fetch(`${debugUrl}/debug/health`).then(Boolean, () => false))
  return { ...server, debugUrl }
}

function configuration(root: string, debugPort: number): string {
  return `version: 0.1
log:
  formatter: json
  fields: { service: registry, environment: test }
storage:
  filesystem: { rootdirectory: ${root} }
http:
  relativeurls: false
  trustedproxies: [127.0.0.1/32]
  headers:
    X-Content-Type-Options: [nosniff]
    X-Twice: [one, two]
  warnings: ${JSON.stringify(warnings)}
  cors: { origins: [${allowedOrigin}] }
  debug:
    addr: 127.0.0.1:${debugPort}
    prometheus: { enabled: true, path: /metrics }
validation:
  manifests: { maxbytes: ${maxManifestBytes} }
`
}
