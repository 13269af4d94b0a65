// Collections of garbage at better moments than V8's own: it does not see what lies outside its heap, and does not know when nobody waits.
import v8 from 'node:v8'
import vm from 'node:vm'

const bytesPerCollection = 16 * 1024 * 1024

type Collect = (options: { type: 'minor' } | { type: 'major'; flavor: 'last-resort' }) => void

let collect: Collect | undefined
let bytesSince = 0

/** Everything that can be done without, in tens of milliseconds: for a process that has nothing else to do. */
export function collectAllGarbage(): void {
  collect ??= exposedCollector()
  collect({ type: 'major', flavor: 'last-resort' })
}

/**
 * To be called with the size of each batch of a request's body that nobody needs any more. Those lie outside the heap, so V8 collects them late, and
 * with full collections: a minor one now and then is a tenth of that work (docs/decisions/0005-memory.md).
 */
export function leaveBuffer(bytes: number): void {
  bytesSince += bytes
  if (bytesSince < bytesPerCollection) return
  bytesSince = 0
  collect ??= exposedCollector()
  collect({ type: 'minor' })
}

function exposedCollector(): Collect {
  // The flag adds `gc` to the contexts made while it is set: ours alone.
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc') as Collect
  v8.setFlagsFromString('--no-expose-gc')
  return gc
}
