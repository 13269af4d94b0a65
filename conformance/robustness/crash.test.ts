// kill -9 of all processes at random moments of random pushes, again and again on the same folder: whatever was acknowledged is there.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from '../../testing/processes.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { eventually } from '../../testing/wait-for.ts'
import { assertPromisesKept, assertSound, finishUnfinished } from './support/inspect.ts'
import { openLedger } from './support/ledger.ts'
import { memoryFolder } from './support/memory-folder.ts'
import { createPusher, type Pusher, type World } from './support/pusher.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'
import { temporaryEntries, uploadEntries } from './support/stored-tree.ts'

const runs = Number(process.env['LADING_CRASH_RUNS'] ?? 40)
/** A folder serves so many runs: what is found at the end of each costs more the more is in it. */
const runsPerFolder = 20
const clients = 6
const latestCrashMs = 400
const purgeSoon = {
  REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE: '1s',
  REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_INTERVAL: '1s',
}
const purgeWithinMs = 15_000

describe(`after kill -9 at a random moment of pushes (${runs} runs)`, () => {
  const seed = seedFrom('LADING_CRASH_SEED')

  for (let first = 1; first <= runs; first += runsPerFolder) {
    const last = Math.min(runs, first + runsPerFolder - 1)
    it(`every 201 is true, nothing visible is incomplete, nothing is left behind (runs ${first} to ${last}, LADING_CRASH_SEED=${seed})`, async function () {
      this.timeout((last - first + 2) * 30_000)
      await crashRepeatedly(last - first + 1, seededRandom(`${seed}/${first}`))
    })
  }
})

async function crashRepeatedly(times: number, random: Random): Promise<void> {
  const root = memoryFolder()
  const world: World = {
    url: '',
    ledger: openLedger(),
    contents: new Map(),
    repositories: ['crash/one', 'crash/two/deep'],
    sharedTags: ['latest', 'stable'],
    unfinished: [],
  }
  const pushers = Array.from({ length: clients }, (_, at) => createPusher(world, `c${at}`, random.fork(`client ${at}`)))
  for (let run = 0; run < times; run++) {
    const server = await startServer({ storage: 'filesystem', root, workers: random.chance(0.3) ? 2 : 1 })
    world.url = server.url
    try {
      await assertRecovered(world, root)
      await pushUntilKilled(server, pushers, random.between(1, latestCrashMs))
    } finally {
      await killAndWait(server)
    }
  }
  await assertNothingLeft(world, root)
}

async function assertRecovered(world: World, root: string): Promise<void> {
  assert.deepEqual(temporaryEntries(root), [], 'temporary files are left after the start')
  await assertPromisesKept(world, 'changed')
  await finishUnfinished(world)
  await assertPromisesKept(world, 'changed')
}

async function pushUntilKilled(server: TestServer, pushers: readonly Pusher[], afterMs: number): Promise<void> {
  const killed = new AbortController()
  const { signal } = killed
  const working = pushers.map(async (pusher) => {
    while (!signal.aborted) {
      try {
        await pusher.act()
      } catch (error) {
        if (!signal.aborted) throw error
      }
    }
  })
  const failed = Promise.all(working)
  failed.catch(() => {})
  await Promise.race([sleep(afterMs), failed])
  killed.abort()
  await killAndWait(server)
  await failed
}

/** The last look: everything, and what a purge leaves. */
async function assertNothingLeft(world: World, root: string): Promise<void> {
  const server = await startServer({ storage: 'filesystem', root, workers: 1 })
  world.url = server.url
  try {
    await assertRecovered(world, root)
    await assertPromisesKept(world, 'all')
    await assertSound(world)
  } finally {
    await server.stop()
  }
  const purging = await startServer({ storage: 'filesystem', root, workers: 1, environment: purgeSoon })
  try {
    const deadline = Date.now() + purgeWithinMs
    while (uploadEntries(root).length > 0 && Date.now() < deadline) await sleep(100)
    assert.deepEqual(uploadEntries(root), [], 'unfinished uploads are left after the purge')
    assert.deepEqual(temporaryEntries(root), [], 'temporary files are left after the purge')
  } finally {
    await purging.stop()
  }
}

/** The next start must not meet processes that are still dying, or that nobody has waited for yet. */
async function killAndWait(server: TestServer): Promise<void> {
  const pid = server.process.pid as number
  const all = [pid, ...childrenOf(pid)]
  await server.kill()
  await eventually(() => all.every((each) => !fs.existsSync(`/proc/${each}`)))
}
