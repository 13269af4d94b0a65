// The process above the workers: starts them, replaces the dead, holds their locks, and does the background work once for all.
import cluster, { type Worker } from 'node:cluster'
import { workersLockServer } from '../coordination/workers.ts'
import { createHealth } from '../server/health.ts'
import { workersFigures } from '../server/metrics.ts'
import { startBackground } from './background.ts'
import type { Configuration } from './config/schema.ts'
import { openCoordination } from './coordination.ts'
import { openLog } from './log.ts'
import { isMessage, type PrimaryMessage, type WorkerMessage } from './messages.ts'
import { openStorage, recoverStorage } from './storage.ts'

const restartDelayMs = 500
/** docs/decisions/0005-memory.md and 0008-group-commit.md; bin/lading gives them to a process that is alone. */
const workerFlags = [
  '--external-memory-accounted-in-global-limit',
  '--heap-growing-percent=200',
  '--min-semi-space-size=4',
  '--disable-warning=ExperimentalWarning',
]
/** File calls that may wait for the disk at the same time, per worker. */
const fileThreads = '16'

/** Resolves when all workers listen. Rejects with a sentence for the operator when they cannot. */
export async function runPrimary(configuration: Configuration, workers: number): Promise<void> {
  const log = openLog(configuration.log)
  const driver = await openStorage(configuration)
  await recoverStorage(driver, log)
  if (driver.guarantees !== undefined) log.info({ ...driver.guarantees }, 'storage was probed')
  const coordination = await openCoordination(configuration, { driver, log })
  const locks = workersLockServer({ upstream: coordination.sharedLocker })
  const health = createHealth(tellWorkers)
  const { prometheus } = configuration.http.debug
  const figures = prometheus.enabled ? workersFigures() : undefined
  let ending = false
  // The kernel hands out connections, and keeps those that wait: node's own way loses the ones it hands to a worker in the moment of its death.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ execArgv: [...new Set([...process.execArgv, ...workerFlags])] })

  function tellWorkers(): void {
    for (const worker of liveWorkers()) send(worker, { lading: 'health', troubles: health.troubles() })
  }

  function startWorker(): Worker {
    const worker = cluster.fork({ UV_THREADPOOL_SIZE: fileThreads })
    locks.serve(worker)
    worker.once('listening', () => send(worker, { lading: 'health', troubles: health.troubles() }))
    worker.once('exit', (code, signal) => {
      if (ending) return
      log.error({ pid: worker.process.pid, code, signal }, 'worker died, another one takes its place')
      void recoverStorage(driver, log)
      setTimeout(() => !ending && startWorker(), restartDelayMs)
    })
    return worker
  }

  async function end(): Promise<void> {
    if (ending) process.exit(1)
    ending = true
    log.info({}, 'draining')
    const gone = liveWorkers().map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
    for (const worker of liveWorkers()) send(worker, { lading: 'drain' })
    await Promise.all(gone)
    await coordination.close()
    log.info({}, 'stopped')
    log.flush()
    process.exit(0)
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end())
  try {
    await Promise.all(Array.from({ length: workers }, () => listening(startWorker())))
    await startBackground(configuration, { driver, locker: locks.locker, log, health, figures })
  } catch (error) {
    // Told to end before all workers listened: that they ended is no failure.
    if (ending) return
    ending = true
    for (const worker of liveWorkers()) worker.process.kill()
    throw error
  }
  log.info({ address: configuration.http.addr, workers }, 'listening')
}

function listening(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('listening', () => resolve())
    worker.once('exit', (code) => reject(new Error(`a worker ended with code ${code} before it listened`)))
    worker.on('message', (message: unknown) => {
      if (isMessage<WorkerMessage, 'fatal'>(message, 'fatal')) reject(new Error(message.message))
    })
  })
}

function liveWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

function send(worker: Worker, message: PrimaryMessage): void {
  // A worker that has just died refuses the message; its exit is dealt with elsewhere.
  if (worker.isConnected()) worker.send(message, () => {})
}
