/** A background program of a test's own: started, waited for, and ended when the suite is over. */
import { startProcess } from '../../../testing/start-process.ts'
import { toolsPath } from './tools.ts'

export interface DaemonOptions {
  readonly program: string
  readonly args: readonly string[]
  /** Whether it answers; asked again and again until it does. */
  readonly isReady: () => Promise<boolean>
  /** Where its end is registered, at once, so that a daemon that does not become ready ends as well. */
  readonly atEnd: (cleanup: () => Promise<void>) => void
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 30_000
/** Asking costs a process each time. */
const askEveryMs = 200

export async function startDaemon({ program, args, isReady, atEnd }: DaemonOptions): Promise<void> {
  const daemon = startProcess([program, ...args], { ...process.env, PATH: toolsPath() })
  atEnd(() => daemon.stop(stopTimeoutMs))
  await daemon.untilReady(isReady, { withinMs: startTimeoutMs, everyMs: askEveryMs })
}
