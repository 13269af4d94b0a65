// What `lading copy` says: lines while it goes on, sentences about what it finds, the summary.
import type { CopyTally, Finding } from '../registry/copy/tally.ts'

export type CopyMode = 'copy' | 'check' | 'dry run'

/** How far it was, and when. */
export interface Moment {
  tally: CopyTally
  atMs: number
}

const phases: Record<CopyTally['phase'], string> = {
  blobs: 'blobs',
  links: 'links',
  tags: 'tags',
  digests: 'blobs read again',
}

/** What has happened since `before`; how much is left where that is known without asking. */
export function progressLine(now: Moment, before: Moment, startedAtMs: number): string {
  const { tally } = now
  const seconds = (now.atMs - before.atMs) / 1000
  const rate = (tally.movedBytes - before.tally.movedBytes) / seconds
  const counts = [tally.blobs, tally.links, tally.tags]
  const copied = counts.reduce((sum, count) => sum + count.copied, 0)
  const present = counts.reduce((sum, count) => sum + count.present, 0)
  const isMeasured = tally.phase === 'blobs' || tally.phase === 'digests'
  const elapsed = now.atMs - startedAtMs
  return [
    isMeasured ? `${phases[tally.phase]} ${Math.floor(tally.share * 100)} %` : phases[tally.phase],
    `${copied} objects copied, ${present} there already`,
    `${sizeText(tally.movedBytes)} read`,
    `${sizeText(rate)}/s`,
    ...(tally.phase === 'blobs' && tally.share > 0.01 && tally.share < 0.95
      ? [`about ${durationText((elapsed * (1 - tally.share)) / tally.share)} left for the blobs`]
      : []),
  ].join(', ')
}

/** One line. */
export function findingLine(finding: Finding, mode: CopyMode): string {
  switch (finding.found) {
    case 'damaged':
      return finding.where === 'source'
        ? `damaged: ${finding.digest} has other bytes at the source; it was not copied`
        : `damaged: ${finding.digest} has other bytes at the destination`
    case 'unreadable':
      return `unreadable: ${finding.key} at the ${finding.where === 'source' ? 'source' : 'destination'}: ${finding.reason}`
    case 'incomplete':
      return `incomplete: ${finding.repository}:${finding.tag} was not copied, since it needs ${finding.needs}`
    case 'dangling':
      return `note: ${finding.repository}:${finding.tag} leads to nothing at the source; it was not copied`
    case 'missing':
    case 'different': {
      const what = `${finding.key} (${sizeText(finding.bytes)})`
      if (mode === 'dry run') return finding.found === 'missing' ? `would copy ${what}` : `would replace ${what}`
      return `${finding.found}: ${what}`
    }
  }
}

/** Whether somebody has to do something about it. */
export function isProblem(finding: Finding, mode: CopyMode): boolean {
  if (finding.found === 'dangling') return false
  return mode !== 'dry run' || (finding.found !== 'missing' && finding.found !== 'different')
}

export interface Outcome {
  mode: CopyMode
  tally: CopyTally
  elapsedMs: number
  problems: number
}

export function summary({ mode, tally, elapsedMs, problems }: Outcome): string {
  const { blobs, links, tags, copiedBytes, digests, leftOut } = tally
  const of = (which: 'copied' | 'present'): string =>
    `${counted(blobs[which], 'blob')}, ${counted(links[which], 'link')} and ${counted(tags[which], 'tag')}`
  const bytes = sizeText(copiedBytes)
  const time = durationText(elapsedMs)
  const lines = {
    copy: `copied ${of('copied')} (${bytes}) in ${time}; there already: ${of('present')}`,
    check: `the same: ${of('present')}; missing or different: ${of('copied')} (${bytes})`,
    'dry run': `would copy ${of('copied')} (${bytes}); there already: ${of('present')}`,
  }
  return [
    lines[mode],
    ...(digests > 0 ? [`computed the digests of ${counted(digests, 'blob')} at the destination`] : []),
    ...(leftOut > 0 ? [`left out ${counted(leftOut, 'link')}, leading to nothing at the source`] : []),
    ...(problems > 0 ? [`${counted(problems, 'problem')}, named above`] : []),
  ].join('\n')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 10) return `${(ms / 1000).toFixed(1)} s`
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
