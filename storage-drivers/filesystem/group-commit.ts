// Many syncs in one: what waits for the disk at the same time is put there by one syncfs(2), as long as that is quick.
import { fileSystemSync, type SyncFileSystem } from './syncfs.ts'

/** One file or folder alone is cheaper by itself. */
const worthwhile = 2
/** Above this, others' bytes are being waited for: for a while, each syncs its own. */
const slowMs = 50
const backOffMs = 2000

interface Waiting {
  alone: () => Promise<void>
  outcome: PromiseWithResolvers<void>
}

/** Runs the given sync of one file or folder, or does something that includes it. Rejects when that sync fails. */
export type GroupCommit = (alone: () => Promise<void>) => Promise<void>

const commits = new Map<string, GroupCommit>()

/** The one for everything below `root`, which is one file system. */
export function groupCommitOf(root: string): GroupCommit {
  let commit = commits.get(root)
  if (commit === undefined) {
    commit = createGroupCommit(root, fileSystemSync)
    commits.set(root, commit)
  }
  return commit
}

export function createGroupCommit(
  root: string,
  fileSystemSync: () => SyncFileSystem | undefined,
  now: () => number = Date.now,
): GroupCommit {
  let waiting: Waiting[] = []
  let isGathering = false
  let isSyncing = false
  let aloneUntil = 0

  function gather(): void {
    if (isGathering || isSyncing) return
    isGathering = true
    setImmediate(() => {
      isGathering = false
      commitWaiting()
    })
  }

  function commitWaiting(): void {
    const batch = waiting
    waiting = []
    const sync = batch.length < worthwhile || now() < aloneUntil ? undefined : fileSystemSync()
    if (sync === undefined) batch.forEach(runAlone)
    else commitTogether(batch, sync)
  }

  function commitTogether(batch: readonly Waiting[], sync: SyncFileSystem): void {
    isSyncing = true
    let isOver = false
    const end = (isDone: boolean): void => {
      if (isOver) return
      isOver = true
      isSyncing = false
      clearTimeout(timer)
      if (isDone) for (const { outcome } of batch) outcome.resolve()
      else {
        aloneUntil = now() + backOffMs
        batch.forEach(runAlone)
      }
      if (waiting.length > 0) commitWaiting()
    }
    const timer = setTimeout(() => end(false), slowMs)
    void sync(root).then(end)
  }

  return (alone) => {
    const outcome = Promise.withResolvers<void>()
    waiting.push({ alone, outcome })
    gather()
    return outcome.promise
  }
}

function runAlone({ alone, outcome }: Waiting): void {
  alone().then(outcome.resolve, outcome.reject)
}
