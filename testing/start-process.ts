// Starts a program in a process group of its own, keeps what it writes, and does not let it outlive the tests.
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RunningProcess {
  process: ChildProcess
  /** What it wrote to stdout and stderr so far. */
  output(): string
  stdout(): string
  stderr(): string
  /** Its exit code, or the signal that ended it, once it has ended; null when it could not be started. */
  ended: Promise<number | NodeJS.Signals | null>
  /** Rejects with what it wrote when it ends before, or when the time is over: then it is killed. */
  untilReady(isReady: () => boolean | Promise<boolean>, patience: Patience): Promise<void>
  /** SIGTERM; and once the time is over, where one is given, kill -9 of the whole group. */
  stop(withinMs?: number): Promise<void>
  /** kill -9 of all its processes. */
  kill(): Promise<void>
}

interface Patience {
  withinMs: number
  /** How often it is asked. */
  everyMs?: number
}

/** How long the last of what an ended process wrote may take to arrive. */
const lastWordsMs = 500

export function startProcess(commandLine: readonly string[], env: NodeJS.ProcessEnv): RunningProcess {
  const [command = '', ...args] = commandLine
  // A group of its own: the workers die with it.
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env })
  const written = { stdout: '', stderr: '', both: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      written.both += text
    })
  }

  let end: string | undefined
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => {
      end = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
      resolve(code ?? signal)
    })
    child.once('error', (error) => {
      end = `could not be started (${error.message})`
      resolve(null)
    })
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))

  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // All of the group has ended.
    }
  }
  // A process that nobody stops keeps nobody waiting: it is killed when this one ends.
  for (const handle of [child, child.stdout, child.stderr] as { unref?: () => void }[]) handle.unref?.()
  process.once('exit', killGroup)
  void ended.then(() => process.off('exit', killGroup))

  const output = (): string => written.both
  return {
    process: child,
    output,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,

    async untilReady(isReady, { withinMs, everyMs = 20 }) {
      for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(everyMs)) {
        if (end !== undefined) {
          await Promise.race([closed, sleep(lastWordsMs)])
          throw new Error(`${command} ${end}: ${output()}`)
        }
        if (await isReady()) return
      }
      killGroup()
      throw new Error(`${command} was not ready within ${withinMs} ms: ${output()}`)
    },

    async stop(withinMs) {
      child.ref()
      child.kill('SIGTERM')
      const late = withinMs === undefined ? undefined : setTimeout(killGroup, withinMs)
      await ended
      clearTimeout(late)
    },

    async kill() {
      child.ref()
      killGroup()
      await ended
    },
  }
}
