// One request with its body, as the operations see it, and the answer that they give.
import type { RequestHead } from './operations.ts'
import type { Bucket } from './store.ts'

export interface Answer {
  status: number
  headers?: Record<string, string | number>
  body?: Buffer | string
}

export interface ReceivedBody {
  bytes: Buffer
  md5: Buffer
}

/** How this server differs from another one. */
export interface Rules {
  now: () => number
  conditional: boolean
  pageSize: number
  minPartBytes: number
  maxRequestBytes: number
}

export interface Call extends RequestHead, ReceivedBody {
  store: Bucket
  rules: Rules
  /** Another bucket, as the source of a copy. */
  bucketNamed(name: string): Bucket
  header(name: string): string | undefined
}

export function xmlAnswer(body: string, headers: Record<string, string | number> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}

/** S3 keeps times in whole seconds. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

/** A time as documents have it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
