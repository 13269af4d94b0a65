// The file system calls that may wait for the disk, as promises. What only changes or reads metadata in memory is called synchronously: a trip
// through Node's thread pool costs ten times the call (docs/decisions/0002-synchronous-metadata.md).
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { promisify } from 'node:util'

export const open = promisify(fs.open)
export const close = promisify(fs.close)
export const fsync = promisify(fs.fsync)
export const fdatasync = promisify(fs.fdatasync)
export const rename = promisify(fs.rename)
export const rm = promisify(fs.rm)
export const rmdir = promisify(fs.rmdir)
export const execFile = promisify(childProcess.execFile)
/** Asynchronous, unlike the other reads: it must not hang with a storage that hangs. */
export const readFolder = promisify<string, string[]>((path, done) => fs.readdir(path, done))
export const readEntries = promisify<string, fs.Dirent[]>((path, done) =>
  fs.readdir(path, { withFileTypes: true }, done),
)

export const writev = promisify<number, NodeJS.ArrayBufferView[], number>((fd, buffers, done) =>
  fs.writev(fd, buffers, done),
)
const readOnce = promisify<number, Buffer, number, number, number>((fd, buffer, length, position, done) =>
  fs.read(fd, buffer, 0, length, position, done),
)

/** Reads at most `length` bytes at `position`; 0 at the end of the file. */
export async function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return readOnce(fd, buffer, length, position)
}
