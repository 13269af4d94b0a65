// A storage driver that fails, stalls, cuts streams or dies on demand, and records its calls: for tests of what must survive that.
import { Readable } from 'node:stream'
import type { Batches, StagedUpload, StorageDriver } from './driver.ts'

export type Action =
  | Exclude<keyof StorageDriver, 'name' | 'isRemote' | 'comparesAndSwaps' | 'guarantees' | 'stage' | 'writeInOrder'>
  | 'staged.begin'
  | 'staged.find'
  | 'staged.append'
  | 'staged.save'
  | 'staged.read'
  | 'staged.commit'
  | 'staged.discard'

/** Values that are written in order count as one write each. */
export interface Call {
  action: Action
  /** Of a staged upload, the key of its bytes; empty for calls about the whole storage. */
  key: string
}

/** Which call: the nth (the next by default) of this action, or of one of these, on such a key. */
export interface When {
  nth?: number
  action?: Action | readonly Action[]
  key?: RegExp
}

export interface Stall {
  /** Resolves when a call has come and waits. */
  reached: Promise<void>
  release(): void
}

export interface FaultyDriver extends StorageDriver {
  /** Every call since the beginning, or since `forget`. */
  readonly calls: readonly Call[]
  forget(): void
  /** That call throws and has no effect. */
  fail(when: When, error: Error): void
  /** That call waits for `release` before it does anything. */
  stall(when: When): Stall
  /** That stream ends in the error after so many bytes; of appended ones, that many are kept. */
  cut(when: When, afterBytes: number, error?: Error): void
  /**
   * From that call on every call throws, as if the process had died. With `afterBytes` it dies in the middle of it: so many appended bytes are
   * kept, and a `deleteAll` has removed every second key.
   */
  crash(when: When, afterBytes?: number): void
  hasCrashed(): boolean
}

export class Crash extends Error {
  override readonly name = 'Crash'

  constructor() {
    super('the process has died')
  }
}

/** What a call does before it throws. */
interface Part {
  bytes: number
  error: Error
}

interface Fault {
  when: When
  left: number
  strike: () => Promise<Part | undefined>
}

export function faulty(driver: StorageDriver): FaultyDriver {
  let calls: Call[] = []
  const faults: Fault[] = []
  let crashed = false

  function checkAlive(): void {
    if (crashed) throw new Crash()
  }

  /** Notes the call and lets its faults strike. Resolves to a part when only that much of the call may happen. */
  async function enter(action: Action, key = ''): Promise<Part | undefined> {
    checkAlive()
    calls.push({ action, key })
    const struck = faults.filter((fault) => matches(fault.when, { action, key }) && --fault.left === 0)
    let part: Part | undefined
    for (const fault of struck) part = (await fault.strike()) ?? part
    return part
  }

  async function call<T>(action: Action, key: string, work: () => Promise<T>): Promise<T> {
    const part = await enter(action, key)
    if (part !== undefined) throw part.error
    return work()
  }

  async function cutRead<T extends Readable | undefined>(
    action: Action,
    key: string,
    open: () => Promise<T>,
  ): Promise<T> {
    const part = await enter(action, key)
    const stream = await open()
    return part === undefined || stream === undefined
      ? stream
      : (Readable.from(flat(firstOf(inBatches(stream), part)), { objectMode: false }) as T)
  }

  const plan = (when: When, strike: Fault['strike']): void => void faults.push({ when, left: when.nth ?? 1, strike })

  const wrapped: StorageDriver = {
    name: driver.name,
    isRemote: driver.isRemote,
    comparesAndSwaps: driver.comparesAndSwaps,
    stat: (key) => call('stat', key, () => driver.stat(key)),
    get: (key) => call('get', key, () => driver.get(key)),
    read: (key, range) => cutRead('read', key, () => driver.read(key, range)),
    write: (key, bytes, options) => call('write', key, () => driver.write(key, bytes, options)),
    // One by one, so that a fault can strike between any two.
    async writeInOrder(entries) {
      for (const { key, bytes, ephemeral = false } of entries) {
        await call('write', key, () => driver.write(key, bytes, { ephemeral }))
      }
    },
    async writeStream(key, chunks, known) {
      const part = await enter('writeStream', key)
      await driver.writeStream(key, part === undefined ? chunks : firstOf(chunks, part), known)
    },
    delete: (key) => call('delete', key, () => driver.delete(key)),
    async deleteAll(prefix) {
      const part = await enter('deleteAll', prefix)
      if (part === undefined) return driver.deleteAll(prefix)
      const keys = await Array.fromAsync(driver.list(prefix))
      for (const key of keys.filter((_, index) => index % 2 === 0)) await driver.delete(key)
      throw part.error
    },
    async *list(prefix, options) {
      await call('list', prefix, async () => {})
      for await (const entry of driver.list(prefix, options)) {
        yield entry
        checkAlive()
      }
    },
    stage: (keys) => stageFaulty(keys.data, driver.stage(keys)),
    ping: () => call('ping', '', () => driver.ping()),
    close: () => driver.close(),
  }

  function stageFaulty(key: string, staged: StagedUpload): StagedUpload {
    return {
      begin: (...how) => call('staged.begin', key, () => staged.begin(...how)),
      find: (version) => call('staged.find', key, () => staged.find(version)),
      async append(chunks, context) {
        const part = await enter('staged.append', key)
        if (part === undefined) return staged.append(chunks, context)
        await staged.append(firstOf(chunks, part), context).catch(() => {})
        throw part.error
      },
      save: (note) => call('staged.save', key, () => staged.save(note)),
      read: (start) => cutRead('staged.read', key, () => staged.read(start)),
      commit: (target) => call('staged.commit', key, () => staged.commit(target)),
      discard: () => call('staged.discard', key, () => staged.discard()),
    }
  }

  const send = driver.sendTo?.bind(driver)
  if (send !== undefined) {
    wrapped.sendTo = async (key, range, target) => {
      const part = await enter('sendTo', key)
      if (part === undefined) return send(key, range, target)
      if (part.bytes > 0)
        await send(key, { start: range.start, end: Math.min(range.end, range.start + part.bytes - 1) }, target)
      throw part.error
    }
  }

  return {
    ...wrapped,
    get calls() {
      return calls
    },
    forget: () => void (calls = []),
    fail: (when, error) => plan(when, () => Promise.reject(error)),
    stall(when) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      plan(when, async () => {
        reached.resolve()
        await released.promise
        checkAlive()
        return undefined
      })
      return { reached: reached.promise, release: () => released.resolve() }
    },
    cut: (when, bytes, error = new Error('the stream was cut')) => plan(when, async () => ({ bytes, error })),
    crash(when, afterBytes) {
      plan(when, async () => {
        crashed = true
        if (afterBytes === undefined) throw new Crash()
        return { bytes: afterBytes, error: new Crash() }
      })
    },
    hasCrashed: () => crashed,
  }
}

function matches({ action, key }: When, call: Call): boolean {
  return (action === undefined || [action].flat().includes(call.action)) && (key === undefined || key.test(call.key))
}

async function* inBatches(stream: Readable): Batches {
  for await (const chunk of stream) yield [chunk as Buffer]
}

async function* flat(batches: Batches): AsyncIterable<Uint8Array> {
  for await (const batch of batches) yield* batch
}

async function* firstOf(chunks: Batches, { bytes, error }: Part): Batches {
  let left = bytes
  for await (const batch of chunks) {
    const joined = Buffer.concat(batch)
    if (left > 0) yield [joined.subarray(0, left)]
    left -= joined.length
    if (left <= 0) break
  }
  throw error
}
