// What a process and all below it use, as the kernel counts it.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'

interface ProcessStat {
  parent: number
  /** User and system, its own and that of its children that ended. */
  cpuTicks: number
}

let ticksPerSecond: number | undefined

/** User and system time of all processes of the tree, children that ended included. */
export function cpuSecondsOf(root: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const ticks = [...treeOf(root).values()].reduce((sum, { cpuTicks }) => sum + cpuTicks, 0)
  return ticks / ticksPerSecond
}

/** Proportional set size: pages shared by several processes of the tree count once. */
export function pssBytesOf(root: number): number {
  const kibibytes = [...treeOf(root).keys()].map((pid) => {
    const rollup = readProc(`${pid}/smaps_rollup`)
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0)
  })
  return kibibytes.reduce((sum, each) => sum + each, 0) * 1024
}

function treeOf(root: number): Map<number, ProcessStat> {
  const all = new Map<number, ProcessStat>()
  for (const name of fs.readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? parsed(readProc(`${name}/stat`)) : undefined
    if (stat !== undefined) all.set(Number(name), stat)
  }
  const isBelow = (pid: number): boolean => {
    const parent = all.get(pid)?.parent
    return pid === root || (parent !== undefined && isBelow(parent))
  }
  return new Map([...all].filter(([pid]) => isBelow(pid)))
}

/** The name in parentheses may hold anything, so fields are counted behind it: state, parent, … */
function parsed(stat: string): ProcessStat | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields.length < 15) return undefined
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number) as [number, number, number, number]
  return { parent: Number(fields[1]), cpuTicks: utime + stime + cutime + cstime }
}

function readProc(name: string): string {
  try {
    return fs.readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    // It ended in the meantime.
    return ''
  }
}
