// What was found once and will be asked for again. Nothing but types.

export interface Cache {
  /**
   * The value kept for the key, or what `load` finds, which is kept for the cache's lifetime unless it is undefined or the key was invalidated
   * while it was looked for. Never rejects of itself: a cache that is out of reach is as an empty one; errors of `load` are thrown.
   */
  lookup(key: string, load: () => Promise<string | undefined>): Promise<string | undefined>

  /**
   * To be called after the truth has changed: when it resolves, no process answers with what it held before. May take as long as the lifetime
   * when others cannot be told. Never rejects.
   */
  invalidate(keys: readonly string[]): Promise<void>
}
