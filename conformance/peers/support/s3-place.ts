/** A bucket on a real S3 server, and the one configuration file with which every registry serves it. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '../../../testing/start-server.ts'
import type { Versitygw } from '../../../testing/start-versitygw.ts'
import { OciLayout } from '../../clients/support/oci-layout.ts'
import type { TemporaryFolder } from '../../clients/support/temporary-folder.ts'
import type { Program } from './programs.ts'
import { startRegistry, type RunningRegistry } from './start-registry.ts'
import type { SwitchedPlace } from './switched.ts'

export interface S3PlaceOptions {
  /** Three letters at least. */
  readonly bucket: string
  /** As operators write it: with slashes around it or without. */
  readonly rootDirectory?: string
  /** Whether clients may be sent to the store for content. */
  readonly redirects?: boolean
  /** Age and interval, such as `1ms`, of the purge of unfinished uploads. */
  readonly purging?: { readonly age: string; readonly interval: string }
}

export interface S3Place extends SwitchedPlace {
  /** The configuration. */
  readonly file: string
  readonly bucket: string
  /** Where versitygw keeps what is below the root directory, a file for each object. */
  readonly tree: string
  /** Beside others that serve the same bucket. */
  start(program: Program): Promise<RunningRegistry>
}

export async function openS3Place(s3: Versitygw, folder: TemporaryFolder, options: S3PlaceOptions): Promise<S3Place> {
  const { bucket, rootDirectory = '' } = options
  s3.createBucket(bucket)
  const file = folder.in(`${bucket}.yml`)
  writeFileSync(file, configuration(s3, options))
  const port = await freePort()
  return {
    file,
    bucket,
    layout: await OciLayout.create(folder.in(`${bucket}-source`)),
    tree: path.join(s3.folder, bucket, rootDirectory),
    start: async (program) => startRegistry(program, file, await freePort()),
    async serve(program, work) {
      const registry = await startRegistry(program, file, port)
      try {
        return await work(registry.url)
      } finally {
        await registry.stop()
      }
    },
  }
}

/** What all of them understand. */
function configuration(
  s3: Versitygw,
  { bucket, rootDirectory = '', redirects = false, purging = { age: '168h', interval: '24h' } }: S3PlaceOptions,
): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  s3:
    regionendpoint: ${s3.endpoint}
    region: ${s3.region}
    bucket: ${bucket}
    accesskey: ${s3.accessKey}
    secretkey: ${s3.secretKey}
    secure: false
    forcepathstyle: true
    rootdirectory: '${rootDirectory}'
  redirect: { disable: ${redirects ? 'false' : 'true'} }
  delete: { enabled: true }
  maintenance:
    uploadpurging: { enabled: true, dryrun: false, age: ${purging.age}, interval: ${purging.interval} }
http:
  addr: 127.0.0.1:5000
  secret: the same for all
  relativeurls: true
`
}
