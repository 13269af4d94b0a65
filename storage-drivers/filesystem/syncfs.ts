// syncfs(2): puts on disk whatever has changed on a file system. Node has no such call; where it has `node:ffi`, a thread of ours makes it.
import type fs from 'node:fs'
import type ffi from 'node:ffi'
import { Worker, type parentPort } from 'node:worker_threads'

/** False when it failed. */
export type SyncFileSystem = (folder: string) => Promise<boolean>

const heapLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 }

let sync: SyncFileSystem | undefined
let isStarted = false

/** Undefined where there is no such call, and at first, while its thread starts. */
export function fileSystemSync(): SyncFileSystem | undefined {
  if (!isStarted) startThread()
  isStarted = true
  return sync
}

function startThread(): void {
  const waiting: ((isDone: boolean) => void)[] = []
  // As text and not as a file: a thread that has to strip types first takes 15 MiB more.
  const worker = new Worker(`(${answerSyncs.toString()})()`, { eval: true, resourceLimits: heapLimits })
  const answer = (isDone: boolean): void => {
    waiting.shift()?.(isDone)
    // Only what somebody waits for keeps the process from ending.
    if (waiting.length === 0) worker.unref()
  }
  const giveUp = (): void => {
    sync = undefined
    while (waiting.length > 0) answer(false)
  }
  worker.once('message', () => {
    worker.on('message', answer)
    worker.unref()
    sync = (folder) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        worker.ref()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origins
        worker.postMessage(folder)
      })
  })
  worker.once('error', giveUp)
  worker.once('exit', giveUp)
  worker.unref()
}

/** The thread's code: syncs the file system of the folder in each message, and answers whether that succeeded. Uses nothing of this file. */
function answerSyncs(): void {
  const builtin = process.getBuiltinModule as (name: string) => unknown
  const files = builtin('node:fs') as typeof fs
  const { dlopen } = builtin('node:ffi') as typeof ffi
  const port = (builtin('node:worker_threads') as { parentPort: NonNullable<typeof parentPort> }).parentPort
  const syncfs = dlopen(null, { syncfs: { arguments: ['i32'], return: 'i32' } }).functions['syncfs'] as (
    fd: number,
  ) => number

  port.on('message', (folder: string) => {
    let isDone = false
    try {
      // Opened each time: what is mounted at the path may have changed.
      const fd = files.openSync(folder, 'r')
      isDone = syncfs(fd) === 0
      files.closeSync(fd)
    } catch {}
    port.postMessage(isDone)
  })
  port.postMessage(true)
}
