// A running server seen from the operating system: its workers, and which of them holds a connection. Linux only.
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRaw, type RawConnection } from './raw-connection.ts'
import type { TestServer } from './start-server.ts'

const patienceMs = 10_000

export function childrenOf(pid: number): number[] {
  const text = tryRead(`/proc/${pid}/task/${pid}/children`)
  return text.split(' ').filter(Boolean).map(Number)
}

/** The server is ready once its first worker listens; resolves when `count` of them do, to their process ids. */
export async function workersOf(server: TestServer, count: number): Promise<number[]> {
  const deadline = Date.now() + patienceMs
  const seen = new Set<number>()
  while (seen.size < count) {
    if (Date.now() > deadline) throw new Error(`only ${seen.size} workers took a connection within ${patienceMs} ms`)
    const connection = await connectRaw(server)
    await sleep(20)
    const holder = holderOf(
      connection.socket.localPort as number,
      server.port,
      childrenOf(server.process.pid as number),
    )
    connection.cut()
    if (holder !== undefined) seen.add(holder)
  }
  return [...seen]
}

/** A connection that the process `pid` holds: which worker takes a new one is up to the kernel. */
export async function connectTo(server: TestServer, pid: number): Promise<RawConnection> {
  for (;;) {
    const connection = await connectRaw(server)
    await sleep(20)
    if (holderOf(connection.socket.localPort as number, server.port, [pid]) !== undefined) return connection
    connection.cut()
  }
}

export function isAlive(pid: number): boolean {
  // A process that has ended and that nobody has waited for yet is still listed, as a zombie.
  const state = /^State:\s+(\w)/m.exec(tryRead(`/proc/${pid}/status`))?.[1]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/** The process among `pids` that holds the server's end of the connection from our `clientPort`. */
export function holderOf(clientPort: number, serverPort: number, pids: readonly number[]): number | undefined {
  const inode = inodeOf(serverPort, clientPort)
  return pids.find((pid) => openFiles(pid).includes(`socket:[${inode}]`))
}

export function openFiles(pid: number): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function inodeOf(localPort: number, remotePort: number): string | undefined {
  const rows = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  const columns = rows.map((row) => row.trim().split(/\s+/))
  return columns.find(([, local, remote]) => portOf(local) === localPort && portOf(remote) === remotePort)?.[9]
}

function portOf(address = ''): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16)
}

function tryRead(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
