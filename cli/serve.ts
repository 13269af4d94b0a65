// `lading serve`: one process, or a primary with workers.
import cluster from 'node:cluster'
import os from 'node:os'
import { listenAddress } from './config/listen-address.ts'
import { readConfiguration } from './config/read-configuration.ts'
import type { Configuration } from './config/schema.ts'
import { aloneLocker, openCoordination } from './coordination.ts'
import { giveBackMemoryWhenIdle } from './idle-memory.ts'
import { openLog } from './log.ts'
import { removeStaleSocket } from './stale-socket.ts'
import { needsOneProcess, openServedStorage, recoverStorage } from './storage.ts'

/** Returns once the registry listens. Throws a ConfigurationError, or an Error with a sentence for the operator. */
export async function serve(file: string | undefined): Promise<void> {
  const { configuration, warnings } = readConfiguration(file)
  giveBackMemoryWhenIdle()
  if (cluster.isWorker) {
    const { runWorker } = await import('./worker.ts')
    return runWorker(configuration)
  }
  for (const warning of warnings) console.error(`warning: ${warning}`)
  const address = listenAddress(configuration)
  if ('path' in address) await removeStaleSocket(address.path)
  const workers = workerCount(configuration)
  if (workers === 1) return runAlone(configuration)
  const { runPrimary } = await import('./primary.ts')
  return runPrimary(configuration, workers)
}

function workerCount(configuration: Configuration): number {
  if (needsOneProcess(configuration)) return 1
  const { workers } = configuration.http
  return workers === 'auto' ? os.availableParallelism() : workers
}

async function runAlone(configuration: Configuration): Promise<void> {
  const [{ startEdge }, { startBackground }, { ownFigures }] = await Promise.all([
    import('./edge.ts'),
    import('./background.ts'),
    import('../server/metrics.ts'),
  ])
  const log = openLog(configuration.log)
  const driver = await openServedStorage(configuration, log)
  await recoverStorage(driver, log)
  if (driver.guarantees !== undefined) log.info({ ...driver.guarantees }, 'storage was probed')
  const coordination = await openCoordination(configuration, { driver, log })
  const locker = aloneLocker(coordination)
  const edge = await startEdge(configuration, { driver, locker, cache: coordination.cache, log })
  const figures = edge.metrics && ownFigures(edge.metrics)
  await startBackground(configuration, { ...edge, locker, figures })
  log.info({ address: configuration.http.addr, workers: 1 }, 'listening')

  let ending = false
  const end = async (): Promise<void> => {
    if (ending) process.exit(1)
    ending = true
    log.info({}, 'draining')
    await edge.drain(() => coordination.close())
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end())
}
