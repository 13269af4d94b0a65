// Three replicas over S3 behind a load balancer, one of which is killed every second while clients push and pull: nobody notices more than a retry.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireTool } from '../../testing/requirements.ts'
import { startReplicas, type Replicas } from '../../testing/start-replicas.ts'
import { assertPromisesKept, assertSound } from './support/inspect.ts'
import { openLedger } from './support/ledger.ts'
import { createReplicasClient, type ReplicasWorld } from './support/replicas-client.ts'
import { createRetries } from './support/replicas-retries.ts'
import { whileWorking } from './support/replicas-while.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'

const seconds = Number(process.env['LADING_REPLICA_SECONDS'] ?? 20)
const clients = 10
const killEveryMs = 1000
/** The least that S3 takes: so a blob of the size that is pushed here has several parts. */
const environment = { REGISTRY_STORAGE_S3_CHUNKSIZE: String(5 * 1024 * 1024) }
/** What the last requests and the last look at everything may take. */
const afterwardsMs = 120_000

for (const withRedis of [true, false]) {
  describe(`three replicas ${withRedis ? 'with' : 'without'} Redis, one killed every second for ${seconds} s`, function () {
    this.timeout(seconds * 3000 + afterwardsMs)
    const seed = seedFrom('LADING_REPLICA_SEED')
    let replicas: Replicas | undefined

    before('they start', async function () {
      for (const tool of ['versitygw', 'nginx', ...(withRedis ? ['redis-server'] : [])]) requireTool(this, tool)
      replicas = await startReplicas(3, { workers: 1, withRedis, environment })
    })
    after('they stop', () => replicas?.stop())

    it(`every push that was acknowledged is complete on every replica, every pull succeeds or fails cleanly (LADING_REPLICA_SEED=${seed})`, async () => {
      const started = replicas ?? assert.fail()
      const world: ReplicasWorld = {
        url: started.url,
        ledger: openLedger(),
        contents: new Map(),
        repositories: ['replicas/one', 'replicas/two/deep'],
        sharedTags: ['latest', 'stable'],
        unfinished: [],
        acknowledged: [],
        pushes: createRetries('pushes'),
        pulls: createRetries('pulls'),
      }
      const kills = await workUnderKills(started, world, seededRandom(seed))
      console.log(`        ${kills} kills; ${world.pushes.summary()}`)
      console.log(`        ${world.pulls.summary()}`)
      assert.ok(kills >= seconds / 4, `only ${kills} kills`)
      for (const { url } of started.servers) await assertPromisesKept({ ...world, url }, 'all')
      await assertSound(world)
    })
  })
}

/** Resolves to the number of kills, once every client has come to the end of what it was doing. */
async function workUnderKills(replicas: Replicas, world: ReplicasWorld, random: Random): Promise<number> {
  const works = Array.from({ length: clients }, (_, at) => {
    const client = createReplicasClient(world, `c${at}`, random.fork(`client ${at}`))
    return () => client.act()
  })
  const deadline = performance.now() + seconds * 1000
  let kills = 0
  await whileWorking(works, async (signal) => {
    while (performance.now() < deadline && !signal.aborted) {
      await Promise.all([sleep(killEveryMs), replicas.replace(random.below(replicas.servers.length))])
      kills++
    }
  })
  return kills
}
