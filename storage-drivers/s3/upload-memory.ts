// The memory that the parts of all uploads of a process may take. Who finds none left waits, and its client's socket is not read meanwhile.

export interface UploadMemory {
  /** Resolves when so many bytes are the caller's, in the order of asking; what exceeds everything there is counts as everything. */
  take(bytes: number): Promise<Lease>
  /** Calls `listener` when somebody begins to wait, or waits already: who fills a lease slowly should then give it back. Returns the way to stop it. */
  onWanted(listener: () => void): () => void
  /** For tests and metrics. */
  taken(): number
}

export interface Lease {
  /** Twice is as once. */
  release(): void
}

export function createUploadMemory(totalBytes: number): UploadMemory {
  let free = totalBytes
  const waiting: { bytes: number; grant: () => void }[] = []
  const listeners = new Set<() => void>()

  function lease(bytes: number): Lease {
    free -= bytes
    let isReleased = false
    return {
      release() {
        if (isReleased) return
        isReleased = true
        free += bytes
        while (waiting[0] !== undefined && waiting[0].bytes <= free) waiting.shift()?.grant()
      },
    }
  }

  return {
    async take(wantedBytes) {
      const bytes = Math.min(wantedBytes, totalBytes)
      if (waiting.length === 0 && bytes <= free) return lease(bytes)
      for (const listener of listeners) listener()
      return new Promise((resolve) => waiting.push({ bytes, grant: () => resolve(lease(bytes)) }))
    },

    onWanted(listener) {
      if (waiting.length > 0) listener()
      else listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    taken: () => totalBytes - free,
  }
}
