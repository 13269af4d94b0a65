// Starts Debian's redis-server for a test: alone, as a cluster, or with a sentinel that watches it.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { freshFolder } from './fresh-folder.ts'
import { startProcess, type RunningProcess } from './start-process.ts'
import { eventually } from './wait-for.ts'

export interface TestRedis {
  readonly host: string
  readonly port: number
  /** SIGTERM: what it keeps on disk it saves, if it was told to. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Again on the same port and folder, after `stop` or `kill`. */
  restart(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing is answered. */
  pause(): void
  resume(): void
  /** What redis-cli prints. */
  command(...args: readonly string[]): string
}

const patienceMs = 10_000
const host = '127.0.0.1'

/** Keeps nothing on disk unless `args` say so. With `{ tls: true }` its arguments must hold the certificates. */
export async function startRedis(args: readonly string[] = [], { tls = false } = {}): Promise<TestRedis> {
  const port = await freePort()
  const folder = freshFolder()
  const ports = tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]
  const quiet = ['--bind', host, '--dir', folder, '--save', '', '--appendonly', 'no']
  return started(port, ['redis-server', ...ports, ...quiet, ...args])
}

/** Three masters without replicas, once they agree that all is well. */
export async function startRedisCluster(): Promise<TestRedis[]> {
  const nodes: TestRedis[] = []
  for (let count = 0; count < 3; count++) {
    const busPort = ['--cluster-port', String(await freePort())]
    nodes.push(await startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', ...busPort]))
  }
  const addresses = nodes.map(({ port }) => `${host}:${port}`)
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'pipe' })
  const isWell = (): boolean => nodes.every((node) => node.command('cluster', 'info').includes('cluster_state:ok'))
  if (!(await eventually(isWell, patienceMs))) throw new Error('the nodes of the cluster did not agree')
  return nodes
}

/** A sentinel that calls `master` by `name`, and puts a replica in its place soon after it is gone. */
export async function startSentinel(master: TestRedis, name: string): Promise<TestRedis> {
  const port = await freePort()
  const file = path.join(freshFolder(), 'sentinel.conf')
  const lines = [
    `port ${port}`,
    `bind ${host}`,
    `sentinel monitor ${name} ${host} ${master.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
  ]
  fs.writeFileSync(file, `${lines.join('\n')}\n`)
  return started(port, ['redis-server', file, '--sentinel'])
}

async function started(port: number, commandLine: readonly string[]): Promise<TestRedis> {
  let running: RunningProcess

  async function start(): Promise<void> {
    running = startProcess(commandLine, process.env)
    await running.untilReady(() => answers(port), { withinMs: patienceMs })
  }

  await start()
  return {
    host,
    port,
    stop: () => running.stop(),
    kill: () => running.kill(),
    restart: start,
    pause: () => void running.process.kill('SIGSTOP'),
    resume: () => void running.process.kill('SIGCONT'),
    command: (...args) =>
      execFileSync('redis-cli', ['-h', host, '-p', String(port), ...args], { encoding: 'utf8', timeout: patienceMs }),
  }
}

/** Listening is enough: it does so once it has read its files. */
async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
