// The checks of the configuration's health section, run by one process for all.
import fs from 'node:fs'
import net from 'node:net'
import type { Health } from '../server/health.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import type { Configuration } from './config/schema.ts'

interface Check {
  name: string
  intervalMs: number
  timeoutMs: number
  /** Failures in a row that count as trouble. */
  threshold: number
  /** Rejects with what is wrong. */
  run(signal: AbortSignal): Promise<void>
}

const storageTimeoutMs = 10_000

/** Starts all checks; the returned function stops them. */
export function startHealthChecks(
  { health: options }: Configuration,
  driver: StorageDriver,
  health: Health,
): () => void {
  const { storagedriver } = options
  const checks: Check[] = [
    ...options.file.map((check) => ({ ...timing(check), name: check.file, run: () => checkFile(check.file) })),
    ...options.tcp.map((check) => ({
      ...timing(check),
      name: check.addr,
      run: (signal: AbortSignal) => checkTcp(check.addr, signal),
    })),
    ...options.http.map((check) => ({
      ...timing(check),
      name: check.uri,
      run: (signal: AbortSignal) => checkHttp(check, signal),
    })),
  ]
  if (storagedriver.enabled) {
    const name = `storagedriver_${driver.name}`
    checks.push({ ...timing({ ...storagedriver, timeout: storageTimeoutMs }), name, run: () => driver.ping() })
  }
  const stops = checks.map((check) => repeat(check, health))
  return () => stops.forEach((stop) => stop())
}

function timing(check: { interval: number; timeout?: number; threshold: number }): Omit<Check, 'name' | 'run'> {
  return { intervalMs: check.interval, timeoutMs: check.timeout || check.interval, threshold: check.threshold }
}

function repeat(check: Check, health: Health): () => void {
  let failures = 0
  const round = async (): Promise<void> => {
    try {
      await withTimeout(check)
      failures = 0
      health.report(check.name, undefined)
    } catch (error) {
      failures++
      if (failures >= Math.max(1, check.threshold)) health.report(check.name, (error as Error).message)
    }
  }
  const timer = setInterval(() => void round(), check.intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** A storage that hangs does not heed the signal, so the time-out counts by itself. */
function withTimeout({ run, timeoutMs }: Check): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  const expired = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)))
  })
  return Promise.race([run(signal), expired])
}

async function checkFile(file: string): Promise<void> {
  if (fs.existsSync(file)) throw new Error('file exists')
}

function checkTcp(address: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`)
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), signal }, () => {
      socket.end()
      resolve()
    })
    socket.once('error', reject)
  })
}

async function checkHttp(
  { uri, statuscode, headers }: Configuration['health']['http'][number],
  signal: AbortSignal,
): Promise<void> {
  const fields = Object.entries(headers).flatMap(([name, values]) =>
    values.map((value) => [name, value] as [string, string]),
  )
  const response = await fetch(uri, { method: 'HEAD', redirect: 'manual', headers: fields, signal })
  if (response.status !== statuscode) throw new Error(`status ${response.status}, expected ${statuscode}`)
}
