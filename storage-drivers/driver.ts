// The interfaces of storage. Nothing but types: whoever needs a driver is handed one by cli/compose.ts.
import type { Readable, Writable } from 'node:stream'

/** What is known of a stored object without reading it. */
export interface ObjectStat {
  /** In bytes. */
  size: number
  /** When it was last written, in milliseconds since 1970, by the storage's own clock. */
  modifiedAt: number
}

/** A whole small object. */
export interface StoredValue {
  bytes: Buffer
  /** Changes whenever the content changes; what `write` compares for `ifMatch`. */
  version: string
}

/** Both ends included, as in HTTP; the caller has checked that it lies within the object. */
export interface ByteRange {
  start: number
  end: number
}

export interface WriteOptions {
  /** Write only if nothing is at the key. */
  ifAbsent?: boolean
  /** Write only if the value's version is still this one. */
  ifMatch?: string
  /** The value may be lost when the machine loses power (never half-written): for what a client can simply send again. */
  ephemeral?: boolean
}

export interface KeyedValue {
  key: string
  bytes: Uint8Array
  /** As in WriteOptions. */
  ephemeral?: boolean
}

export interface ListOptions {
  /** Begin behind this entry (given without a trailing delimiter), which need not exist. */
  after?: string
  /** Fold everything behind the next `/` into one entry that ends in `/`. */
  delimiter?: '/'
  /** With `delimiter`: only folded entries that hold this key, for example `current/link`. */
  holding?: string
}

/** A kind of trouble that the operator can mend, or (`conflict`) another writer that came first; anything else is a plain Error. */
export type StorageFailure = 'full' | 'denied' | 'readonly' | 'busy' | 'conflict'

/** Where bytes live. An object store, not a file system: keys are opaque, made by registry/layout.ts, and mean nothing here. */
export interface StorageDriver {
  /** As in the configuration: filesystem, inmemory, s3. */
  readonly name: string

  /**
   * Every call is a request over a network, and `commit` copies. Callers then spare the looks that only find what somebody left half-done, and use
   * `writeStream` where they know the key before the bytes.
   */
  readonly isRemote: boolean

  /** Undefined when nothing is at the key. Never stale: it sees every write that has returned. */
  stat(key: string): Promise<ObjectStat | undefined>

  /** All of a small object (a link, a manifest, a document), or undefined when nothing is at the key. Never stale. */
  get(key: string): Promise<StoredValue | undefined>

  /** The bytes from `range` (all by default), or undefined when nothing is at the key. The caller reads to the end or destroys the stream. */
  read(key: string, range?: ByteRange): Promise<Readable | undefined>

  /**
   * Puts a small value at the key: atomic, and durable when it returns. Concurrent writers leave one of the values, whole.
   * With `ifAbsent` or `ifMatch` it writes only then, and says whether it did.
   */
  write(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<boolean>

  /**
   * Puts several small values, as `write` does each, in this order. When the last is found after a crash, so are the others (but ephemeral ones):
   * it may point at them. All are durable when it returns.
   */
  writeInOrder(entries: readonly KeyedValue[]): Promise<void>

  /** Removes the object. Removing what is absent succeeds. */
  delete(key: string): Promise<void>

  /** Removes every object whose key begins with `prefix`, which ends in `/`. Not atomic: a crash may leave some of them. */
  deleteAll(prefix: string): Promise<void>

  /**
   * The keys that begin with `prefix` (which ends in `/`, or is empty), in ASCII order. With `delimiter`, entries ending in `/` are compared
   * without it: `1.0`, `1.0-alpha`, `1.0.1`. Reads no more of the storage than the consumer takes, where the storage can page.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<string>

  /**
   * Puts bytes at the key as they come: they appear when the source has ended, or has given as many as were announced, whole and durable. When the
   * source throws before, nothing is changed, and its error is thrown.
   */
  writeStream(key: string, chunks: Batches, known?: KnownBytes): Promise<void>

  /** An upload in progress, kept at these keys and found again by any process. The object serves one request. */
  stage(keys: StagingKeys): StagedUpload

  /** All of an object, with its size: one request where `stat` and `read` are two. Undefined when nothing is at the key. */
  open?(key: string): Promise<OpenObject | undefined>

  /** An address at which `client` may read the object for so long, without us; undefined when there is none for that client. It need not exist. */
  downloadUrl?(key: string, lifetimeSeconds: number, client: DownloadClient): Promise<string | undefined>

  /** A cheaper way than `read` to put an object's bytes on a socket. False when nothing is at the key. */
  sendTo?(key: string, range: ByteRange, target: Writable): Promise<boolean>

  /**
   * Before the first request, and whenever a process that shared the storage has died: what it had made visible becomes durable, as if its calls
   * had returned, and what it left half-done goes.
   */
  recover?(): Promise<void>

  /** Removes below `prefix` what is no object and costs space all the same: the folders that a crash left empty. */
  tidy?(prefix: string): Promise<void>

  /** What the storage itself calls the key, for who addresses it by another way. */
  bucketKey?(key: string): string

  /** Ends what was begun below the prefix before this time (milliseconds since 1970), by whomever, without ever becoming an object, and is not being gone on with. */
  dropUnfinished?(prefix: string, before: number): Promise<number>

  /** False where several processes are safe from each other only behind locks that all of them share. */
  readonly comparesAndSwaps: boolean

  /** What the storage keeps of the promises above, and what follows: sentences for the operator, by name. */
  readonly guarantees?: Readonly<Record<string, string>>

  /** Rejects when the storage cannot be reached at all: the health check. */
  ping(): Promise<void>

  /** Ends background work and closes handles. */
  close(): Promise<void>
}

/**
 * Bytes in pieces as they came; those that came together are handed on together, at the cost of one. A piece belongs to whoever took it, who may
 * free its memory: who hands one on does not look at it again.
 */
export type Batches = AsyncIterable<readonly Uint8Array[]>

/** What a caller knows of bytes before they come. */
export interface KnownBytes {
  /** How many. */
  length?: number
  /** Their SHA-256 in hexadecimal, for a storage that can refuse others. The caller checks it all the same. */
  sha256?: string
}

/** Who is to be sent elsewhere. */
export interface DownloadClient {
  /** Its IP address, or `-` where it has none. */
  address: string
}

/** An object that is being read. The caller calls one of the three. */
export interface OpenObject {
  /** In bytes. */
  size: number
  bytes(): Promise<Buffer>
  /** Puts all of it on the target, which stays open. */
  sendTo(target: Writable): Promise<void>
  cancel(): void
}

/** Where the parts of an upload are kept; a driver may use other keys that begin with these. */
export interface StagingKeys {
  /** When it began, as CNCF distribution writes it. */
  begun: string
  data: string
  note: string
}

export interface StagedState {
  /** Bytes that arrived so far. */
  size: number
  /** The caller's, as it was last saved: it may be about fewer bytes than there are, or, after a crash, about more. */
  note: string
  /** Names this state, for the next request's `find`. */
  version?: string
}

/** Bytes on their way to a key. Nothing is visible there before `commit`. One writer at a time: the caller holds a lock, and where locks end, `save` throws a conflict. */
export interface StagedUpload {
  /** Makes the upload known to every process, with no bytes yet. Resolves to its version, where there is one. */
  begin(startedAt: string, note: string): Promise<string | undefined>

  /** Undefined when it was never begun, or is over. Never stale; with the version that the last request was told, it may cost nothing. */
  find(version?: string): Promise<StagedState | undefined>

  /**
   * Adds the chunks behind what is there and resolves to the new size; they count once `save` has returned. When the source fails, what arrived before
   * is kept, and the source's error is thrown; `save` makes it count. When the storage fails, nothing is promised of the chunks.
   * `note` is asked for whatever has been taken from the source so far.
   */
  append(chunks: Batches, context: { note: () => string; length?: number | undefined }): Promise<number>

  /** Makes what was appended count, with the note about it. Resolves to the new version, where there is one. */
  save(note: string): Promise<string | undefined>

  /** The bytes so far, from `start` (0 by default). */
  read(start?: number): Promise<Readable>

  /** Puts the bytes at `key`, replacing what is there: atomic, and durable when it returns. May be repeated after a crash in the middle. */
  commit(key: string): Promise<void>

  /** Forgets all of it. Discarding what is absent succeeds. */
  discard(): Promise<void>
}
