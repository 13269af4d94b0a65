// What the fake keeps: buckets with their objects and their unfinished uploads, all in memory.
import { createHash, randomBytes } from 'node:crypto'
import type http from 'node:http'
import { createKeyedObjects, type KeyedObjects } from './sorted-keys.ts'

export interface StoredObject {
  bytes: Buffer
  /** Without its quotes. */
  etag: string
  /** In milliseconds; S3 keeps whole seconds. */
  lastModified: number
  /** Of those that came with it, the ones that S3 keeps. */
  headers: Record<string, string>
}

export interface Part {
  bytes: Buffer
  etag: string
  lastModified: number
}

export interface Upload {
  key: string
  initiated: number
  headers: Record<string, string>
  parts: Map<number, Part>
}

export interface Bucket {
  objects: KeyedObjects<StoredObject>
  /** By upload id; the ids grow with time. */
  uploads: Map<string, Upload>
  /** Uploads that were completed: their parts as the client listed them, and what came out. */
  completed: Map<string, { key: string; parts: string; etag: string }>
}

const keptHeaders =
  /^(content-(type|encoding|disposition|language)|cache-control|expires|x-amz-(acl|tagging|storage-class|website-redirect-location|server-side-encryption|checksum-|grant-|meta-|object-lock-).*)$/

export function createBucket(): Bucket {
  return { objects: createKeyedObjects(), uploads: new Map(), completed: new Map() }
}

export function headersToKeep(headers: http.IncomingHttpHeaders): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => keptHeaders.test(name) && name !== 'x-amz-checksum-mode')
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]))
}

/** Whoever takes an ETag for the MD5 of the bytes is wrong as soon as the bucket encrypts with KMS. */
export function etagOf(md5: Buffer, headers: Record<string, string>): string {
  const isMd5 = !headers['x-amz-server-side-encryption']?.startsWith('aws:kms')
  return isMd5 ? md5.toString('hex') : randomBytes(16).toString('hex')
}

export function md5Of(...bytes: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5')
  bytes.forEach((some) => hash.update(some))
  return hash.digest()
}
