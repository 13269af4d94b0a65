// Gives memory back to the system when a process has nothing to do after it had: what a start or a burst of pushes left would else stay for good.
import v8 from 'node:v8'
import vm from 'node:vm'

const lookEveryMs = 1000
/** What is collected then, compiled code above all, makes the next requests dear: a process that rests for a moment keeps it. */
const looksBeforeWork = 10
/** CPU time within one look that counts as work, in microseconds. */
const busyMicroseconds = 50_000

/** Never keeps the process from ending. */
export function giveBackMemoryWhenIdle(): void {
  whenIdle(lookEveryMs, giveBackMemory)
}

export function giveBackMemory(): void {
  collectGarbage()
  trimHeap()
}

/** Does the work once each time that the process has done nothing for ten looks after it had. The returned function ends that. */
export function whenIdle(everyMs: number, work: () => void): () => void {
  let owes = true
  let idleLooks = 0
  let before = process.cpuUsage()
  const look = (): void => {
    const { user, system } = process.cpuUsage(before)
    if (user + system > busyMicroseconds) {
      owes = true
      idleLooks = 0
    } else if (owes && ++idleLooks === looksBeforeWork) {
      owes = false
      work()
    }
    before = process.cpuUsage()
  }
  const timer = setInterval(look, everyMs).unref()
  return () => clearInterval(timer)
}

/** malloc_trim(3), where there is one: glibc keeps what was freed, above all after 64 KiB buffers by the thousand. */
function trimHeap(): void {
  try {
    const { dlopen } = process.getBuiltinModule('node:ffi')
    const { functions } = dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } })
    functions['malloc_trim']?.(0n)
  } catch {}
}

/** Everything that can be done without. */
function collectGarbage(): void {
  // The flag adds `gc` to the contexts made while it is set: ours alone.
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
  v8.setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', flavor: 'last-resort' })
}
