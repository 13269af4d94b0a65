// Starts a registry as its operator does, in processes of its own, on a free port.
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freshFolder } from './fresh-folder.ts'
import { startProcess, type RunningProcess } from './start-process.ts'

/** A bucket on an S3 server that a test has started. */
export interface S3Bucket {
  bucket: string
  endpoint: string
  accessKey: string
  secretKey: string
  region: string
}

export interface StartOptions {
  storage: 'memory' | 'filesystem' | S3Bucket
  /** Keep the storage of an earlier server. */
  root?: string
  /** 0 for one per core. */
  workers?: number
  /** A free one by default. */
  port?: number
  /** More of the environment, such as REGISTRY_HTTP_… */
  environment?: Record<string, string>
  /** A configuration file instead of the built-in configuration. */
  file?: string
  /** A command that starts the server, such as one that sets limits; it must become the server (exec). */
  within?: readonly string[]
  /** It is ready once it has written this; without it, once /readyz says so over plain HTTP and TCP. */
  readyWhen?: RegExp
}

export interface TestServer extends Omit<RunningProcess, 'untilReady'> {
  url: string
  port: number
  root: string
}

/** The file that Node runs for the command `lading`. */
export const mainFile = path.join(import.meta.dirname, '../cli/main.ts')
const startTimeoutMs = 20_000

export async function startServer(options: StartOptions): Promise<TestServer> {
  const root = options.root ?? freshFolder()
  const port = options.port ?? (await freePort())
  const { within = [], file, readyWhen } = options
  const commandLine = [...within, process.execPath, mainFile, 'serve', ...(file === undefined ? [] : [file])]
  const { untilReady, ...running } = startProcess(commandLine, {
    NODE_COMPILE_CACHE: path.join(os.tmpdir(), 'lading-compile-cache'),
    ...process.env,
    REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
    REGISTRY_LOG_LEVEL: 'warn',
    REGISTRY_LOG_ACCESSLOG_DISABLED: 'true',
    ...(options.workers === undefined
      ? {}
      : { REGISTRY_HTTP_WORKERS: options.workers === 0 ? 'auto' : String(options.workers) }),
    ...storageVariables(options.storage, root),
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
    ...options.environment,
  })
  const url = `http://127.0.0.1:${port}`
  const isReady = readyWhen === undefined ? () => saysReady(url) : () => readyWhen.test(running.output())
  await untilReady(isReady, { withinMs: startTimeoutMs })
  return { url, port, root, ...running }
}

function storageVariables(storage: StartOptions['storage'], root: string): Record<string, string> {
  if (storage === 'memory') return { REGISTRY_STORAGE: 'inmemory' }
  if (storage === 'filesystem') return { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root }
  return {
    REGISTRY_STORAGE_S3_BUCKET: storage.bucket,
    REGISTRY_STORAGE_S3_REGIONENDPOINT: storage.endpoint,
    REGISTRY_STORAGE_S3_REGION: storage.region,
    REGISTRY_STORAGE_S3_ACCESSKEY: storage.accessKey,
    REGISTRY_STORAGE_S3_SECRETKEY: storage.secretKey,
  }
}

async function saysReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { headers: { Connection: 'close' } })).ok
  } catch {
    // Not listening yet.
    return false
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
