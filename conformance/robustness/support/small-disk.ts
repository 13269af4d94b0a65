// A file system of its own with little room, mounted in memory: a disk that a test can fill. Needs root.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from '../../../testing/fresh-folder.ts'

export interface SmallDisk {
  folder: string
  /** Takes all room that is left, for content or for new files. */
  fill(): void
  /** All but room for so many new files or folders; only where inodes are scarce. */
  fillBut(files: number): void
  /** Gives it back, and some that was taken from the beginning. */
  free(): void
  unmount(): void
}

export type Scarcity = 'bytes' | 'inodes'

const options: Record<Scarcity, string> = {
  bytes: 'size=24m',
  inodes: 'size=256m,nr_inodes=1500',
}
const fillPieceBytes = 64 * 1024
/** Taken from the beginning, so that there is something to give back: pieces, or files. */
const ballast: Record<Scarcity, number> = { bytes: 128, inodes: 500 }

/** `scarcity` is what runs out first. */
export function mountSmallDisk(scarcity: Scarcity): SmallDisk {
  const folder = freshFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', options[scarcity], 'lading-test', folder])
  const filler = path.join(folder, 'filler')
  const unmount = (): void => {
    process.off('exit', unmount)
    execFileSync('umount', ['-l', folder])
  }
  process.once('exit', unmount)

  function take(most: number): void {
    fs.mkdirSync(filler, { recursive: true })
    for (let at = 0; at < most; at++) {
      try {
        if (scarcity === 'bytes') fs.appendFileSync(path.join(filler, 'bytes'), Buffer.alloc(fillPieceBytes))
        else fs.writeFileSync(path.join(filler, randomUUID()), '')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
        throw error
      }
    }
  }

  take(ballast[scarcity])
  return {
    folder,
    fill: () => take(Infinity),
    fillBut(files) {
      take(Infinity)
      for (const name of fs.readdirSync(filler).slice(0, files)) fs.rmSync(path.join(filler, name))
    },
    free: () => fs.rmSync(filler, { recursive: true, force: true }),
    unmount,
  }
}
