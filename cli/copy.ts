// `lading copy`: a registry's storage into another storage, while both are being served if need be.
import { copyStorage } from '../registry/copy-storage.ts'
import { createTally, type Finding } from '../registry/copy/tally.ts'
import { openSource, openTarget, placesOf, type PlaceOptions } from './copy-places.ts'
import { findingLine, isProblem, progressLine, summary, type CopyMode, type Moment } from './copy-report.ts'

export interface CopyCommandOptions extends Omit<PlaceOptions, 'environment'> {
  /** How many objects at a time. */
  jobs: number
  check?: boolean
  deep?: boolean
  dryRun?: boolean
  json?: boolean
}

const progressMs = 5000
/** So long, what is under way may take to leave nothing behind. */
const patienceMs = 3000
/** Of more of them, only the number is in the JSON; all are on standard error. */
const mostListed = 1000

/** Throws a sentence for the operator. Sets the exit code to 1 where something could not be copied, or is not the same. */
export async function copy(from: string, to: string, options: CopyCommandOptions): Promise<void> {
  const mode = modeOf(options)
  const { source, target } = placesOf(from, to, options)
  const sourceDriver = await openSource(source)
  const targetDriver = await openTarget(target, mode !== 'copy')

  const tally = createTally()
  const listed: Finding[] = []
  let problems = 0
  const tell = (finding: Finding): void => {
    const isPlanned = mode === 'dry run' && !isProblem(finding, mode) && finding.found !== 'dangling'
    if (!isPlanned) console.error(findingLine(finding, mode))
    else if (!options.json) console.log(findingLine(finding, mode))
    if (isProblem(finding, mode)) problems++
    if (!isPlanned && listed.length < mostListed) listed.push(finding)
  }

  const startedAt = performance.now()
  const stopTelling = tellProgress(() => ({ tally: structuredClone(tally), atMs: performance.now() }))
  let failure: string | undefined
  try {
    const { jobs, deep = false } = options
    const isRehearsal = mode !== 'copy'
    const signal = untilInterrupted()
    await copyStorage(sourceDriver, targetDriver, { jobs, tally, tell, isRehearsal, checksDigests: deep, signal })
  } catch (error) {
    failure = `${(error as Error).message.replace(/\.$/, '')}. Run it again: it goes on where it stopped.`
  } finally {
    stopTelling()
    await Promise.all([sourceDriver.close(), targetDriver.close()])
  }

  const elapsedMs = performance.now() - startedAt
  const complete = failure === undefined && problems === 0
  if (options.json) {
    const { blobs, links, tags, copiedBytes, digests, leftOut } = tally
    const counts = { blobs: { ...blobs, copiedBytes }, links, tags, digests, leftOut }
    const outcome = { complete, problems, findings: listed, ...(failure === undefined ? {} : { failure }) }
    const seconds = Math.round(elapsedMs / 100) / 10
    console.log(JSON.stringify({ mode, source: from, destination: to, ...counts, ...outcome, seconds }))
  } else {
    console.log(summary({ mode, tally, elapsedMs, problems }))
  }
  if (failure !== undefined) console.error(failure)
  if (!complete) process.exitCode = 1
}

function modeOf({ check = false, deep = false, dryRun = false }: CopyCommandOptions): CopyMode {
  if (check && dryRun) throw new Error('--check and --dry-run both copy nothing. Give one of them.')
  if (deep && !check) throw new Error('--deep belongs to --check: it reads what is at the destination.')
  return check ? 'check' : dryRun ? 'dry run' : 'copy'
}

/** One line every few seconds, from now on. Returns the way to stop it. */
function tellProgress(look: () => Moment): () => void {
  const start = look()
  let before = start
  const timer = setInterval(() => {
    const now = look()
    console.error(progressLine(now, before, start.atMs))
    before = now
  }, progressMs)
  return () => clearInterval(timer)
}

/** Aborts at SIGINT and SIGTERM; the second ends the process at once. */
function untilInterrupted(): AbortSignal {
  const interruption = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interruption.abort(new Error(`ended by ${name}`))
      setTimeout(() => {
        console.error(`ended by ${name}. Run it again: it goes on where it stopped.`)
        process.exit(1)
      }, patienceMs).unref()
    })
  }
  return interruption.signal
}
