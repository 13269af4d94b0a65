// Starts versitygw, an S3 server over a folder, as the real thing that a storage driver must agree with.
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import type { KeyPair } from './certificates.ts'
import { freshFolder } from './fresh-folder.ts'
import { startProcess } from './start-process.ts'
import { freePort } from './start-server.ts'

export interface Versitygw {
  endpoint: string
  accessKey: string
  secretKey: string
  region: string
  /** Three letters at least. */
  createBucket(name: string): void
  /** Each of its folders is a bucket, and each file below an object. */
  folder: string
  close(): Promise<void>
}

const startTimeoutMs = 10_000
const stopTimeoutMs = 2000

/** Keys X and X/Y cannot both be there. Rejects when versitygw cannot be started. */
export async function startVersitygw({ tls }: { tls?: KeyPair } = {}): Promise<Versitygw> {
  const folder = freshFolder()
  const port = await freePort()
  const [accessKey, secretKey, region] = ['test', 'testtest', 'us-east-1']
  const options = ['--quiet', '--keep-alive', '--region', region, '-p', `127.0.0.1:${port}`]
  if (tls !== undefined) options.push('--cert', tls.certificate, '--key', tls.key)
  const running = startProcess(['versitygw', ...options, 'posix', folder], {
    ...process.env,
    ROOT_ACCESS_KEY: accessKey,
    ROOT_SECRET_KEY: secretKey,
  })
  const endpoint = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  await running.untilReady(() => (tls === undefined ? answers(endpoint) : accepts(port)), { withinMs: startTimeoutMs })

  return {
    endpoint,
    accessKey,
    secretKey,
    region,
    folder,
    createBucket: (name) => void fs.mkdirSync(path.join(folder, name), { recursive: true }),
    close: () => running.stop(stopTimeoutMs),
  }
}

/** fetch would not trust its certificate. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** That it refuses who does not sign is answer enough. */
async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { headers: { Connection: 'close' } })
    return true
  } catch {
    // Not listening yet.
    return false
  }
}
