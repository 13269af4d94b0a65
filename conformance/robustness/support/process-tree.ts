// What a running server takes from the machine: memory and open handles of all its processes. Linux only.
import fs from 'node:fs'
import { childrenOf, openFiles } from '../../../testing/processes.ts'
import type { TestServer } from '../../../testing/start-server.ts'

export const mebibyte = 1024 * 1024

export function processesOf(server: TestServer): number[] {
  const pid = server.process.pid as number
  return [pid, ...childrenOf(pid)]
}

/** In bytes. Proportional: what several processes share is counted once. */
export function memoryOf(server: TestServer): number {
  return processesOf(server).reduce((sum, pid) => sum + pssOf(pid), 0)
}

export function handlesOf(server: TestServer): number {
  return processesOf(server).reduce((sum, pid) => sum + openFiles(pid).length, 0)
}

/** Content that the server has open: files below its root. */
export function openContentOf(server: TestServer): string[] {
  return processesOf(server)
    .flatMap(openFiles)
    .filter((file) => file.startsWith(server.root))
}

/** Samples the memory until the returned function is called; that gives the peak, in bytes. */
export function watchMemory(server: TestServer, everyMs = 100): () => number {
  let peak = memoryOf(server)
  const timer = setInterval(() => (peak = Math.max(peak, memoryOf(server))), everyMs)
  return () => {
    clearInterval(timer)
    return peak
  }
}

function pssOf(pid: number): number {
  try {
    const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
