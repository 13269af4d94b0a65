// What this store keeps of the promises of S3: asked once at the start, on keys that nobody else uses, since no answer's header can be trusted on it.
import { randomUUID } from 'node:crypto'
import type { Bucket } from './bucket.ts'
import { openDownload } from './download.ts'
import { S3Error } from './errors.ts'

const probePrefix = 'lading/probes/'

/** True where the store did what Amazon's does. `unknown` where it was not asked. */
export interface Capabilities {
  compareAndSwap: boolean | 'unknown'
  conditionalDelete: boolean | 'unknown'
  ranges: boolean | 'unknown'
  multipart: boolean | 'unknown'
  listPaging: boolean | 'unknown'
}

export const unprobed: Capabilities = {
  compareAndSwap: 'unknown',
  conditionalDelete: 'unknown',
  ranges: 'unknown',
  multipart: 'unknown',
  listPaging: 'unknown',
}

/** Rejects when the store cannot be used at all, with the reason. */
export async function probeStore(bucket: Bucket): Promise<Capabilities> {
  const prefix = `${probePrefix}${randomUUID()}/`
  const keys = ['a', 'b', 'c'].map((name) => prefix + name)
  const [first = '', second = ''] = keys
  try {
    // The first write says most clearly why nothing works.
    await bucket.put(first, Buffer.from('0123456789'))
    const [compareAndSwap, ranges, multipart, listPaging] = await Promise.all([
      unlessUnknown(comparesAndSwaps(bucket, second)),
      readsRanges(bucket, first),
      unlessUnknown(joinsParts(bucket, keys[2] ?? '')),
      pagesLists(bucket, prefix, first),
    ])
    return {
      compareAndSwap,
      ranges,
      multipart,
      listPaging,
      conditionalDelete: await unlessUnknown(deletesConditionally(bucket, first)),
    }
  } finally {
    await bucket.deleteAll(keys).catch(() => {})
  }
}

/** Some stores say so where they do not know something; others do as if they had not heard it. */
async function unlessUnknown(kept: Promise<boolean>): Promise<boolean> {
  try {
    return await kept
  } catch (error) {
    if (error instanceof S3Error && [400, 405, 501].includes(error.status)) return false
    throw error
  }
}

async function comparesAndSwaps(bucket: Bucket, key: string): Promise<boolean> {
  const etag = await bucket.put(key, Buffer.from('1'), { ifAbsent: true })
  if (etag === undefined || (await bucket.put(key, Buffer.from('2'), { ifAbsent: true })) !== undefined) return false
  const next = await bucket.put(key, Buffer.from('3'), { ifMatch: etag })
  return next !== undefined && (await bucket.put(key, Buffer.from('4'), { ifMatch: etag })) === undefined
}

async function deletesConditionally(bucket: Bucket, key: string): Promise<boolean> {
  return !(await bucket.deleteIfMatch(key, '"00000000000000000000000000000000"'))
}

async function readsRanges(bucket: Bucket, key: string): Promise<boolean> {
  try {
    return (await (await openDownload(bucket, key, { start: 2, end: 4 }))?.bytes())?.toString() === '234'
  } catch {
    return false
  }
}

async function joinsParts(bucket: Bucket, key: string): Promise<boolean> {
  const id = await bucket.createMultipart(key)
  const part = await bucket.putPart(key, id, 1, [Buffer.from('part')])
  await bucket.completeMultipart(key, id, [part])
  return (await bucket.get(key))?.bytes.toString() === 'part'
}

async function pagesLists(bucket: Bucket, prefix: string, first: string): Promise<boolean> {
  const page = await bucket.list(prefix, { limit: 1 })
  const behind = await bucket.list(prefix, { after: first, limit: 1 })
  return page.keys.length === 1 && page.keys[0] === first && behind.keys.every((key) => key > first)
}

/** What follows for the operator, by what was asked. */
export function guaranteesOf(capabilities: Capabilities): Record<string, string> {
  const entries = Object.entries(capabilities) as [keyof Capabilities, boolean | 'unknown'][]
  return Object.fromEntries(entries.map(([name, kept]) => [name, sentences[name][String(kept) as 'true']]))
}

const notAsked = 'not asked for: nothing is written while the registry is read-only'

const sentences: Record<keyof Capabilities, { true: string; false: string; unknown: string }> = {
  compareAndSwap: {
    true: 'kept: replicas need no Redis to be safe from each other',
    false: 'ignored by this store: several replicas need Redis for their locks',
    unknown: notAsked,
  },
  conditionalDelete: {
    true: 'kept',
    false: 'ignored by this store: nothing here relies on it',
    unknown: notAsked,
  },
  ranges: { true: 'kept', false: 'ignored by this store: partial downloads and resumed ones fail', unknown: notAsked },
  multipart: { true: 'kept', false: 'not usable: large uploads fail', unknown: notAsked },
  listPaging: { true: 'kept', false: 'not usable: long lists are wrong', unknown: notAsked },
}
