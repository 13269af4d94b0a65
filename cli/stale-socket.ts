// A unix socket outlives a process that was killed, and the next one cannot listen on it.
import fs from 'node:fs'
import net from 'node:net'

/** Removes the socket file unless somebody answers on it. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return
  const isAnswered = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path, () => resolve(true))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
    socket.unref()
  })
  if (!isAnswered) fs.rmSync(path, { force: true })
}
