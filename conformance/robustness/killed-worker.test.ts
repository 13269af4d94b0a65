// kill -9 of one worker at random moments of random pushes, while the others go on: its requests are lost, and nothing else is.
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf, isAlive, workersOf } from '../../testing/processes.ts'
import { requireLinux } from '../../testing/requirements.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { assertPromisesKept, assertSound, finishUnfinished } from './support/inspect.ts'
import { openLedger } from './support/ledger.ts'
import { memoryFolder } from './support/memory-folder.ts'
import { createPusher, type World } from './support/pusher.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'

const rounds = 6
const clients = 6
const workers = 2

describe(`kill -9 of a worker during pushes (${rounds} times)`, function () {
  this.timeout(240_000)
  const seed = seedFrom('LADING_CRASH_SEED')
  const random = seededRandom(`${seed}/worker`)
  let server: TestServer

  before('a server starts', async function () {
    requireLinux(this)
    server = await startServer({ storage: 'filesystem', root: memoryFolder(), workers })
  })
  after('it stops', async () => server?.stop())

  it(`loses no acknowledged content and no lock stays held (LADING_CRASH_SEED=${seed})`, async () => {
    const world: World = {
      url: server.url,
      ledger: openLedger(),
      contents: new Map(),
      repositories: ['crash/one', 'crash/two/deep'],
      sharedTags: ['latest', 'stable'],
      unfinished: [],
    }
    const pushers = Array.from({ length: clients }, (_, at) =>
      createPusher(world, `c${at}`, random.fork(`client ${at}`)),
    )
    for (let round = 0; round < rounds; round++) {
      const over = new AbortController()
      const working = pushers.map(async (pusher) => {
        // A client of the dead worker stops at its broken request; the others go on until the end of the round.
        while (!over.signal.aborted) await pusher.act().catch(ignoreBrokenConnection)
      })
      await sleep(random.between(50, 300))
      const killed = await killOne(server, random.below(workers))
      await sleep(100)
      over.abort()
      await Promise.all(working)
      while (isAlive(killed)) await sleep(20)
      // Without any worker, clients are refused: the next one may be killed when all of them listen.
      await workersOf(server, workers)
      await assertPromisesKept(world, 'changed')
      await finishUnfinished(world)
    }
    await assertPromisesKept(world, 'all')
    await assertSound(world)
  })
})

async function killOne(server: TestServer, at: number): Promise<number> {
  const pid = childrenOf(server.process.pid as number)[at]
  if (pid === undefined) throw new Error('there is no such worker')
  process.kill(pid, 'SIGKILL')
  return pid
}

function ignoreBrokenConnection(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (!['ECONNRESET', 'EPIPE', 'ECONNREFUSED'].includes(code)) throw error
}
