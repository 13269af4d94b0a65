// Runs a server under strace: all calls that change files, and those that answer clients.
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshFolder } from '../../../testing/fresh-folder.ts'
import { startServer, type StartOptions, type TestServer } from '../../../testing/start-server.ts'
import { parseTrace, type SystemCall } from './strace-calls.ts'

const traced =
  'openat,write,writev,pwrite64,pwritev,fsync,fdatasync,sync,syncfs,ftruncate,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,rmdir'
/** Enough for the head of an answer up to its request id. */
const stringBytes = 400
const patienceMs = 20_000

export interface RecordedServer extends TestServer {
  /** Once the server has ended: everything that it called. */
  calls(): Promise<SystemCall[]>
}

/** `inject` is an option of strace: a fault in, or a signal at, a certain call. */
export async function startRecorded(options: StartOptions, inject?: string): Promise<RecordedServer> {
  const file = path.join(freshFolder(), 'trace')
  // -DD: strace runs beside the server, so that the server itself is the child that was started.
  const strace = ['strace', '-f', '-DD', '-qq', '-yy', '-s', String(stringBytes), '-o', file, '-e', `trace=${traced}`]
  const server = await startServer({
    ...options,
    within: [...strace, ...(inject === undefined ? [] : ['-e', `inject=${inject}`])],
    environment: { UV_USE_IO_URING: '0', ...options.environment },
  })
  return {
    ...server,
    async calls() {
      await server.ended
      return parseTrace(await whole(file))
    },
  }
}

/** strace writes the rest when the last process has ended. */
async function whole(file: string): Promise<string> {
  let size = -1
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 200) {
    const now = fs.statSync(file).size
    if (now === size && !isOpenAnywhere(file)) return fs.readFileSync(file, 'utf8')
    size = now
    await sleep(200)
  }
  throw new Error('strace did not end')
}

function isOpenAnywhere(file: string): boolean {
  return fs.readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && filesOf(pid).includes(file))
}

function filesOf(pid: string): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
  } catch {
    return []
  }
}
