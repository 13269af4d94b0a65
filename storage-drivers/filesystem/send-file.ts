// Puts a file's bytes on a socket through two reused buffers: a third of the CPU of a read stream (docs/decisions/0003-two-buffers.md).
import type { Writable } from 'node:stream'
import type { ByteRange } from '../driver.ts'
import { close, open, readAt } from './calls.ts'
import { isAbsence } from './durable.ts'

/** Two per download: large ones save trips through the thread pool, small ones keep the memory of many downloads in bounds. */
const largeBuffers = { bytes: 1024 * 1024, maxSpare: 8, spare: [] as Buffer[] }
const smallBuffers = { bytes: 256 * 1024, maxSpare: 32, spare: [] as Buffer[] }
const maxDownloadsWithLargeBuffers = 8

type BufferKind = typeof largeBuffers

let downloads = 0

/** Resolves when the last byte is handed to the kernel; rejects when the target closes before. False when the file is absent. */
export async function sendFile(path: string, range: ByteRange, target: Writable): Promise<boolean> {
  let fd: number
  try {
    fd = await open(path, 'r')
  } catch (error) {
    if (isAbsence(error)) return false
    throw error
  }
  downloads++
  try {
    await pump(fd, range, target)
    return true
  } finally {
    downloads--
    await close(fd)
  }
}

async function pump(fd: number, range: ByteRange, target: Writable): Promise<void> {
  const writer = watchedWriter(target)
  const isSmall = range.end - range.start < smallBuffers.bytes || downloads > maxDownloadsWithLargeBuffers
  const kind = isSmall ? smallBuffers : largeBuffers
  let idle = takeBuffer(kind)
  let busy = takeBuffer(kind)
  let writing: Promise<void> = Promise.resolve()
  let position = range.start
  try {
    while (position <= range.end) {
      const length = await readAt(fd, idle, Math.min(kind.bytes, range.end - position + 1), position)
      if (length === 0) throw new Error(`file ends at ${position}, expected ${range.end + 1} bytes`)
      position += length
      await writing
      writing = writer.write(idle.subarray(0, length))
      // Seen at the next await; without this, a client that leaves while we read would end the process.
      writing.catch(() => {})
      ;[idle, busy] = [busy, idle]
    }
    await writing
    giveBack(kind, idle)
    giveBack(kind, busy)
  } finally {
    // After a failure the buffers may still be queued in the socket: they are left to the garbage collector, not filled again.
    writer.stop()
  }
}

/** Writes that also fail when the target closes: a response that loses its socket does not always call its write callbacks. */
function watchedWriter(target: Writable): { write: (chunk: Buffer) => Promise<void>; stop: () => void } {
  let fail: ((error: Error) => void) | undefined
  const onClose = (): void => fail?.(new Error('the client closed the connection'))
  target.once('close', onClose)
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        fail = reject
        target.write(chunk, (error) => (error ? reject(error) : resolve()))
        if (target.destroyed) onClose()
      }),
    stop: () => target.off('close', onClose),
  }
}

function takeBuffer({ bytes, spare }: BufferKind): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(bytes)
}

function giveBack({ spare, maxSpare }: BufferKind, buffer: Buffer): void {
  if (spare.length < maxSpare) spare.push(buffer)
}
