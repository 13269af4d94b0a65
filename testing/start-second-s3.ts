// Starts ministack, whose S3 is of another make than versitygw's and keeps everything in memory: what both agree on is no habit of one of them.
import { startProcess } from './start-process.ts'
import { freePort } from './start-server.ts'

export interface SecondS3 {
  endpoint: string
  /** Checked in presigned addresses only: it takes every signed header. */
  accessKey: string
  secretKey: string
  region: string
  /** Three letters at least. */
  createBucket(name: string): Promise<void>
  close(): Promise<void>
}

/** The command that `requireTool` has to find. */
export const secondS3Tool = 'ministack'

const startTimeoutMs = 20_000
const stopTimeoutMs = 2000

/** Rejects when it cannot be started. */
export async function startSecondS3(): Promise<SecondS3> {
  const port = await freePort()
  const [accessKey, secretKey, region] = ['test', 'testtest', 'us-east-1']
  const running = startProcess([secondS3Tool], {
    ...process.env,
    BIND_HOST: '127.0.0.1',
    GATEWAY_PORT: String(port),
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: region,
    SERVICES: 's3',
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    LOG_LEVEL: 'ERROR',
    // Otherwise it looks for containers that an earlier run of its own left behind.
    DOCKER_HOST: 'unix:///nowhere',
  })
  const endpoint = `http://127.0.0.1:${port}`
  await running.untilReady(() => answers(endpoint), { withinMs: startTimeoutMs })

  return {
    endpoint,
    accessKey,
    secretKey,
    region,
    async createBucket(name) {
      const { status } = await fetch(`${endpoint}/${name}`, { method: 'PUT' })
      if (status !== 200) throw new Error(`the bucket ${name} could not be made: ${status}`)
    },
    close: () => running.stop(stopTimeoutMs),
  }
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(endpoint, { headers: { Connection: 'close' } })).ok
  } catch {
    // Not listening yet.
    return false
  }
}
