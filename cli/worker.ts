// One of several processes that answer requests; the primary holds the locks, runs the health checks, and tells it when to end.
import { workerLocker } from '../coordination/workers.ts'
import type { Configuration } from './config/schema.ts'
import { openCache } from './coordination.ts'
import { startEdge, type Edge } from './edge.ts'
import { openLog } from './log.ts'
import { isMessage, type PrimaryMessage, type WorkerMessage } from './messages.ts'
import { openServedStorage } from './storage.ts'

export async function runWorker(configuration: Configuration): Promise<void> {
  let edge: Edge | undefined
  let ending = false
  const end = async (exitCode: number): Promise<void> => {
    if (ending) return
    ending = true
    await edge?.drain()
    process.exit(exitCode)
  }
  // Before anything else: who is told to end while still starting must hear it, or the primary waits for ever.
  process.on('message', (message: unknown) => {
    if (isMessage<PrimaryMessage, 'drain'>(message, 'drain')) void end(0)
    else if (isMessage<PrimaryMessage, 'health'>(message, 'health')) edge?.health.replace(message.troubles)
  })
  // From a terminal, everyone in the process group gets the signal; without a primary, nobody would tell us to end.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0))
  process.on('disconnect', () => void end(0))

  try {
    const log = openLog(configuration.log)
    const driver = await openServedStorage(configuration, log)
    const cache = await openCache(configuration, driver, log)
    edge = await startEdge(configuration, { driver, locker: workerLocker(), cache, log })
  } catch (error) {
    const message: WorkerMessage = { lading: 'fatal', message: (error as Error).message }
    process.send?.(message, () => process.exit(1))
    return
  }
  const { log } = edge
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.error({ error: error instanceof Error ? error.stack : String(error) }, `${event}: this worker ends`)
      void end(1)
    })
  }
}
