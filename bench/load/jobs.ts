// What the load generator can be asked to do, and what it answers: plain data, since the two are processes of their own.

export interface Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  path: string
  headers?: Record<string, string>
  body?: string
  /** Every answer must have it. */
  status: number
  /** Every answer's body must have this length. Not checked when the answer comes in chunks. */
  bodyBytes?: number
}

/** Connections in a closed loop: each sends the next request when its answer is whole. */
export interface RequestsJob {
  kind: 'requests'
  port: number
  connections: number
  requests: Request[]
  /** Goes round the requests for so long. Without it each request is sent once. */
  seconds?: number
}

/** Blobs of fresh random content, pushed at the same time over one connection each. */
export interface PushJob {
  kind: 'push'
  port: number
  repository: string
  /** POST, then PUT with the content; or POST, PATCH in chunked transfer encoding, then PUT without content. */
  style: 'monolithic' | 'streamed'
  blobBytes: number
  parallel: number
}

export type Job = RequestsJob | PushJob

export interface JobResult {
  requests: number
  seconds: number
  /** Of bodies, received or sent. */
  bytes: number
  p50Ms: number
  p99Ms: number
  /** What the generator itself spent. */
  clientCpuSeconds: number
  /** Of what was pushed. */
  digests: string[]
  faultCount: number
  /** The first few, in words. */
  faults: string[]
}
