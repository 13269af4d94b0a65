// Holds a recording of system calls against what its 201s promise, and against the rule that a pointer appears after what it points at.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { diskModel } from './disk-model.ts'
import { createdAnswer, pathsIn, type SystemCall } from './strace-calls.ts'

/** As statfs(2) tells them, ext4 and XFS: what happens to folders goes into one journal, in order. */
const journaling = new Set([0xef53, 0x58465342])

/** What one 201 promises. */
export interface Promised {
  /** For the report: which request it was. */
  what: string
  /** Absolute paths that must survive a power loss right after the answer. */
  files: string[]
  /** Those of them that make the others visible: when one of these is on disk, so must be the others. */
  pointers: string[]
}

export interface Recording {
  calls: readonly SystemCall[]
  /** The folder above everything that the server makes. */
  watched: string
  /** What was in it, and on disk, before. */
  existing: readonly string[]
  /** By the request's id, which its answer carries. */
  promises: ReadonlyMap<string, Promised>
  /** Files that may be lost, or be there half. */
  exempt: RegExp
  /** What happens to folders gets to the disk in the order in which it happened; by default, as the file system of `watched` has it. */
  entriesAreOrdered?: boolean
}

/** Every breach, as a sentence; also a promise whose answer the recording does not have. */
export function breaches({ calls, watched, existing, promises, exempt, ...recording }: Recording): string[] {
  const model = diskModel(watched, existing)
  const found: string[] = []
  const answered = new Set<string>()
  const entriesAreOrdered = recording.entriesAreOrdered ?? journaling.has(fs.statfsSync(watched).type)
  const moments = calls.flatMap((call) => [
    { at: call.begin, call, isEnd: false },
    ...(call.end === Infinity ? [] : [{ at: call.end, call, isEnd: true }]),
  ])
  // A call on one line begins and ends there, before anything on the next.
  moments.sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd))

  for (const { call, isEnd } of moments) {
    if (isEnd) {
      model.end(call)
      continue
    }
    const id = createdAnswer(call)
    const promised = id === undefined ? undefined : promises.get(id)
    if (id !== undefined && promised !== undefined) {
      answered.add(id)
      for (const file of promised.files) {
        const anyVersion = !promised.pointers.includes(file)
        found.push(...model.missing(file, { anyVersion }).map((why) => `${promised.what}: ${why}`))
      }
    }
    if (call.name.startsWith('rename')) found.push(...earlyPointer(call))
    model.begin(call)
  }
  found.push(
    ...model
      .tornRenames()
      .filter((file) => !exempt.test(file))
      .map((file) => `${file} got its name before its content was synced`),
  )
  for (const [id, { what }] of promises) if (!answered.has(id)) found.push(`${what}: its answer was not recorded`)
  return found

  function earlyPointer(call: SystemCall): string[] {
    const target = pathsIn(call)[1] ?? ''
    const promised = [...promises.values()].find(({ pointers }) => pointers.includes(target))
    if (promised === undefined) return []
    return promised.files
      .filter((file) => !promised.pointers.includes(file))
      .flatMap((file) => model.missing(file, { anyVersion: true, entriesAreOrdered }))
      .map((why) => `${promised.what}: ${target} appeared too early: ${why}`)
  }
}

export function assertDurable(recording: Recording): void {
  assertNone(breaches(recording), recording.watched)
}

/** One cause shows itself many times: some of the distinct breaches, with paths from the watched folder on. */
export function assertNone(found: readonly string[], watched: string): void {
  const short = found.map((breach) =>
    breach.replaceAll(`${watched}/`, '').replaceAll(/([0-9a-f]{8})[0-9a-f]{56}/g, '$1…'),
  )
  assert.deepEqual([...new Set(short)].slice(0, 5), [])
}
