/** A background program of a test's own: started, waited for, and ended with everything it said kept in a log file. */
import { spawn } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { toolsPath } from './tools.ts'

export interface DaemonOptions {
  readonly program: string
  readonly args: readonly string[]
  readonly logFile: string
  /** Whether it answers; asked again and again until it does. */
  readonly isReady: () => Promise<boolean>
  /** Where its end is registered, at once, so that a daemon that does not become ready ends as well. */
  readonly atEnd: (cleanup: () => Promise<void>) => void
}

const START_SECONDS = 60
const STOP_SECONDS = 30

export async function startDaemon({ program, args, logFile, isReady, atEnd }: DaemonOptions): Promise<void> {
  const log = openSync(logFile, 'a')
  const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, PATH: toolsPath() } })
  closeSync(log)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })

  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  atEnd(async () => {
    if (!isRunning()) return
    child.kill('SIGTERM')
    const patience = new AbortController()
    const inTime = await Promise.race([
      ended.then(() => true),
      sleep(STOP_SECONDS * 1000, false, { signal: patience.signal }).catch(() => false),
    ])
    patience.abort()
    if (!inTime) child.kill('SIGKILL')
    await ended
  })

  const deadline = Date.now() + START_SECONDS * 1000
  while (!(await isReady())) {
    if (!isRunning() || Date.now() > deadline) {
      throw new Error(`${program} did not start:\n${await readFile(logFile, 'utf8')}`)
    }
    await sleep(200)
  }
}
