// Which file systems put changes of folders on disk in the order in which they were made.
import fs from 'node:fs'

/** statfs(2): ext4 (and its ancestors) and XFS write such changes to one journal, in order, whoever syncs what. */
const journaling = new Set([0xef53, 0x58465342])

/** Whether, of two renames below the folder, the second never survives a power loss that the first does not. */
export function keepsOrder(folder: string): boolean {
  return journaling.has(fs.statfsSync(folder).type)
}
