// Starts a registry with the same configuration as all others, on a free port and a folder of its own, and times it.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { startProcess } from '../../testing/start-process.ts'
import { freePort } from '../../testing/start-server.ts'
import type { Versitygw } from '../../testing/start-versitygw.ts'
import type { Registry, RegistryName } from './registries.ts'

export interface Server {
  name: RegistryName
  label: string
  port: number
  url: string
  /** Where it, or its S3 server, stores. */
  root: string
  pid: number
  /** From the start of the process to the first answer. */
  startMs: number
  /** What it wrote to stdout and stderr. */
  output(): string
  stop(): Promise<void>
}

/** versitygw, or what counts the requests in front of it. */
export type S3Server = Pick<Versitygw, 'endpoint' | 'region' | 'accessKey' | 'secretKey' | 'folder' | 'createBucket'>

const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const pollMs = 2

/** `s3`: a server to keep everything on, in a bucket of the registry's own, instead of in a folder. */
export async function startRegistry(registry: Registry, folder: string, s3?: S3Server): Promise<Server> {
  const port = await freePort()
  const bucket = `bucket-${path.basename(folder)}`
  s3?.createBucket(bucket)
  const root = s3 === undefined ? path.join(folder, 'data') : path.join(s3.folder, bucket)
  const file = path.join(folder, 'config.yml')
  for (const needed of [folder, root]) fs.mkdirSync(needed, { recursive: true })
  const storage = s3 === undefined ? { filesystem: { rootdirectory: root } } : bucketStorage(s3, bucket)
  fs.writeFileSync(file, configuration(registry, storage, port))

  // An environment of its own: no REGISTRY_… of the caller.
  const env = { PATH: process.env['PATH'], HOME: folder, OTEL_TRACES_EXPORTER: 'none' }
  const startedAt = performance.now()
  const running = startProcess(registry.command(file), env)
  await running.untilReady(() => answers(port), { withinMs: startTimeoutMs, everyMs: pollMs })

  return {
    name: registry.name,
    label: registry.label,
    port,
    url: `http://127.0.0.1:${port}`,
    root,
    pid: running.process.pid as number,
    startMs: performance.now() - startedAt,
    output: running.output,
    stop: () => running.stop(stopTimeoutMs),
  }
}

/** JSON is YAML. */
function configuration({ hasCache }: Registry, storage: object, port: number): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      ...(hasCache ? { cache: { blobdescriptor: 'inmemory' } } : {}),
      ...storage,
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}`, secret: 'benchmark' },
  })
}

function bucketStorage({ endpoint, region, accessKey, secretKey }: S3Server, bucket: string): object {
  return {
    s3: {
      bucket,
      region,
      regionendpoint: endpoint,
      accesskey: accessKey,
      secretkey: secretKey,
      forcepathstyle: true,
      secure: false,
    },
    // What is compared is the way through the registry.
    redirect: { disable: true },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', path: '/v2/', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}
