// Starts a registry as its operator does, in processes of its own, on a free port.
import { spawn, type ChildProcess } from 'node:child_process'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshFolder } from './fresh-folder.ts'

export interface StartOptions {
  storage: 'memory' | 'filesystem'
  /** Keep the storage of an earlier server. */
  root?: string
  /** 0 for one per core. */
  workers?: number
  /** More of the environment, such as REGISTRY_HTTP_… */
  environment?: Record<string, string>
  /** A configuration file instead of the built-in configuration. */
  file?: string
  /** A command that starts the server, such as one that sets limits; it must become the server (exec). */
  within?: readonly string[]
  /** It is ready once it has written this; without it, once /readyz says so over plain HTTP and TCP. */
  readyWhen?: RegExp
}

export interface TestServer {
  url: string
  port: number
  root: string
  process: ChildProcess
  /** What it wrote to stdout and stderr so far. */
  output(): string
  stdout(): string
  stderr(): string
  /** Its exit code, or the signal that ended it, once it has ended. */
  ended: Promise<number | NodeJS.Signals | null>
  stop(): Promise<void>
  /** kill -9 of all its processes. */
  kill(): Promise<void>
}

/** The file that Node runs for the command `lading`. */
export const mainFile = path.join(import.meta.dirname, '../cli/main.ts')
const startTimeoutMs = 20_000

export async function startServer(options: StartOptions): Promise<TestServer> {
  const root = options.root ?? freshFolder()
  const port = await freePort()
  const [command, ...before] = [...(options.within ?? []), process.execPath]
  const child = spawn(command, [...before, mainFile, 'serve', ...(options.file === undefined ? [] : [options.file])], {
    // A group of its own: the workers die with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      NODE_COMPILE_CACHE: path.join(os.tmpdir(), 'lading-compile-cache'),
      ...process.env,
      REGISTRY_HTTP_ADDR: `127.0.0.1:${port}`,
      REGISTRY_LOG_LEVEL: 'warn',
      REGISTRY_LOG_ACCESSLOG_DISABLED: 'true',
      ...(options.workers === undefined
        ? {}
        : { REGISTRY_HTTP_WORKERS: options.workers === 0 ? 'auto' : String(options.workers) }),
      ...(options.storage === 'memory'
        ? { REGISTRY_STORAGE: 'inmemory' }
        : { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root }),
      REGISTRY_STORAGE_DELETE_ENABLED: 'true',
      ...options.environment,
    },
  })
  const written = { stdout: '', stderr: '', both: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      written.both += text
    })
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal))
  })
  // A server that nobody stops keeps nobody waiting: it is killed when this process ends.
  for (const handle of [child, child.stdout, child.stderr] as { unref?: () => void }[]) handle.unref?.()
  const killOnExit = (): void => signalGroup(child, 'SIGKILL')
  process.once('exit', killOnExit)
  void ended.then(() => process.off('exit', killOnExit))

  const url = `http://127.0.0.1:${port}`
  const output = (): string => written.both
  const { readyWhen } = options
  await untilReady(child, output, readyWhen === undefined ? () => saysReady(url) : () => readyWhen.test(output()))
  return {
    url,
    port,
    root,
    process: child,
    output,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    async stop() {
      child.ref()
      child.kill('SIGTERM')
      await ended
    },
    async kill() {
      child.ref()
      signalGroup(child, 'SIGKILL')
      await ended
    },
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

async function untilReady(
  child: ChildProcess,
  output: () => string,
  isReady: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}: ${output()}`)
    if (await isReady()) return
    await sleep(20)
  }
  signalGroup(child, 'SIGKILL')
  throw new Error(`the server did not become ready: ${output()}`)
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // All of the group has ended.
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
