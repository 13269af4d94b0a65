// An S3 server in this process, for tests: faithful where a storage driver can notice, and it fails on demand.
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { wholeSeconds, type Rules } from './call.ts'
import { createCredentials } from './credentials.ts'
import { createFaultPlans, type Fault, type FaultCondition } from './faults.ts'
import type { S3Request } from './operations.ts'
import { requestListener } from './request-listener.ts'
import { fromBytes } from './sorted-keys.ts'
import { createBucket, md5Of, type Bucket } from './store.ts'

export type { Fault, FaultCondition } from './faults.ts'
export type { Operation, S3Request } from './operations.ts'

export interface FakeS3Options {
  /** A free one by default. */
  port?: number
  accessKey?: string
  secretKey?: string
  region?: string
  /** False: conditions on writing and deleting are ignored without a word, as some servers do. */
  conditional?: boolean
  /** Entries per page of a list; 1000 by default, as S3 has it. */
  pageSize?: number
  /** The least that all parts but the last have; 5 MiB by default, as S3 has it. */
  minPartBytes?: number
  /** The most that one request puts or copies; 5 GiB by default, as S3 has it. */
  maxRequestBytes?: number
  /** The clock of Last-Modified, in milliseconds. */
  now?: () => number
}

export interface FakeS3 {
  endpoint: string
  /** The pair that is accepted at present. */
  readonly accessKey: string
  readonly secretKey: string
  region: string
  /** Leaves one that is there already as it is. */
  createBucket(name: string): void
  /** Without a request: to begin with much that is there already. */
  put(bucket: string, key: string, bytes: Uint8Array | string): void
  /** Every request since the beginning, or since forget(), from the moment its head arrived. */
  readonly requests: readonly S3Request[]
  forget(): void
  /** In the order of S3. */
  keys(bucket: string): string[]
  /** With the headers that were stored with it: type, storage class, encryption, access, checksums. */
  object(bucket: string, key: string): { bytes: Buffer; headers: Record<string, string> } | undefined
  openUploads(bucket: string): { key: string; uploadId: string }[]
  /** One of the requests to come suffers a fault; several may be planned. */
  fault(when: FaultCondition, fault: Fault): void
  /** From now on the present access key is answered 400 ExpiredToken. */
  expireCredentials(): void
  /** Another pair becomes the present one; those before it stay as they are. */
  accept(accessKey: string, secretKey: string): void
  close(): Promise<void>
}

export async function startFakeS3(options: FakeS3Options = {}): Promise<FakeS3> {
  const { port = 0, accessKey = 'test', secretKey = 'testtest', region = 'us-east-1' } = options
  const rules: Rules = {
    now: options.now ?? Date.now,
    conditional: options.conditional ?? true,
    pageSize: options.pageSize ?? 1000,
    minPartBytes: options.minPartBytes ?? 5 * 1024 ** 2,
    maxRequestBytes: options.maxRequestBytes ?? 5 * 1024 ** 3,
  }
  const credentials = createCredentials(accessKey, secretKey)
  const buckets = new Map<string, Bucket>()
  const faults = createFaultPlans()
  const requests: S3Request[] = []

  const listener = requestListener({ rules, credentials, region, buckets, faults, requests })
  const server = http.createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 })
  server.on('request', (request, response) => listener(request, response))
  server.on('checkContinue', (request: http.IncomingMessage, response: http.ServerResponse) =>
    listener(request, response, () => response.writeContinue()),
  )
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  function bucketNamed(name: string): Bucket {
    const bucket = buckets.get(name)
    if (bucket === undefined) throw new Error(`the fake has no bucket ${name}`)
    return bucket
  }

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accessKey() {
      return credentials.accessKey()
    },
    get secretKey() {
      return credentials.secretKey()
    },
    region,
    createBucket: (name) => void (buckets.has(name) || buckets.set(name, createBucket())),
    put(bucket, key, bytes) {
      const copy = Buffer.from(bytes as Uint8Array)
      const object = { bytes: copy, etag: md5Of(copy).toString('hex'), headers: {} }
      bucketNamed(bucket).objects.set(key, { ...object, lastModified: wholeSeconds(rules.now()) })
    },
    requests,
    forget: () => void requests.splice(0),
    keys: (bucket) => bucketNamed(bucket).objects.sorted().map(fromBytes),
    object(bucket, key) {
      const object = bucketNamed(bucket).objects.get(key)
      return object === undefined ? undefined : { bytes: object.bytes, headers: object.headers }
    },
    openUploads: (bucket) => [...bucketNamed(bucket).uploads].map(([uploadId, { key }]) => ({ key, uploadId })),
    fault: (when, fault) => faults.add(when, fault),
    expireCredentials: () => credentials.expire(),
    accept: (newAccessKey, newSecretKey) => credentials.accept(newAccessKey, newSecretKey),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
