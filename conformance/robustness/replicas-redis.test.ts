// Redis goes away in the middle of load, by kill -9 and by saying nothing any more: requests go on, nothing is lost or comes back, and Redis is used again.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireTool } from '../../testing/requirements.ts'
import { startReplicas, type Replicas } from '../../testing/start-replicas.ts'
import type { TestRedis } from '../../testing/start-redis.ts'
import { eventually } from '../../testing/wait-for.ts'
import { createWitness, type Witness } from './support/replicas-witness.ts'
import { whileWorking } from './support/replicas-while.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'

const clients = 6
const usualMs = 3000
const awayMs = 5000
/** Each change of a witness takes some calls. */
const callsOfUse = 20

const outages: Record<string, { begin(redis: TestRedis): Promise<void>; end(redis: TestRedis): Promise<void> }> = {
  'was killed': { begin: (redis) => redis.kill(), end: (redis) => redis.restart() },
  'said nothing any more': { begin: async (redis) => redis.pause(), end: async (redis) => redis.resume() },
}

for (const cache of ['redis', 'inmemory', 'none']) {
  describe(`three replicas whose Redis goes away under load (blob descriptors cached: ${cache})`, function () {
    this.timeout(300_000)
    const seed = seedFrom('LADING_REPLICA_SEED')
    let replicas: Replicas
    let redis: TestRedis

    before('they start', async function () {
      for (const tool of ['versitygw', 'nginx', 'redis-server']) requireTool(this, tool)
      const environment = { REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: cache }
      replicas = await startReplicas(3, { workers: 1, withRedis: true, environment })
      redis = replicas.redis ?? assert.fail()
    })
    after('they stop', () => replicas?.stop())

    for (const [what, { begin, end }] of Object.entries(outages)) {
      it(`no request fails, every acknowledged change holds on every replica at once, and Redis is used again after it ${what} (LADING_REPLICA_SEED=${seed})`, async () => {
        const shared = { repository: 'redis/shared', tag: 'stable' }
        const witnesses = Array.from({ length: clients }, (_, at) => {
          const repository = `redis/${what.replaceAll(' ', '-')}-${at}`
          return createWitness(replicas, { repository, shared }, seededRandom(`${seed}/${what}/${at}`))
        })
        const rates = await whileAtWork(witnesses, async (phase) => {
          await phase('before', () => sleep(usualMs))
          await begin(redis)
          await phase('without', () => sleep(awayMs))
          await end(redis)
          await phase('until it is used again', () => assertUsed(redis, replicas.servers.length))
          await phase('after', () => sleep(usualMs))
        })
        console.log(`        ${rates}`)
        assert.equal(replicas.balancer.errors(), '')
        for (const witness of witnesses) await witness.assertAll()
      })
    }
  })
}

type Phase = (name: string, wait: () => Promise<unknown>) => Promise<void>

/** Runs the script while the witnesses act. Resolves to what was done in each of its phases. */
async function whileAtWork(witnesses: readonly Witness[], script: (phase: Phase) => Promise<void>): Promise<string> {
  let done = 0
  let slowestMs = 0
  const lines: string[] = []
  const phase: Phase = async (name, wait) => {
    done = 0
    slowestMs = 0
    const start = performance.now()
    await wait()
    const seconds = (performance.now() - start) / 1000
    lines.push(`${name}: ${(done / seconds).toFixed(1)} actions/s, slowest ${(slowestMs / 1000).toFixed(1)} s`)
  }
  const works = witnesses.map((witness) => async () => {
    const start = performance.now()
    await witness.act()
    done++
    slowestMs = Math.max(slowestMs, performance.now() - start)
  })
  await whileWorking(works, () => script(phase))
  return lines.join('; ')
}

/** Every replica is connected, and scripts run again. */
async function assertUsed(redis: TestRedis, replicas: number): Promise<void> {
  const before = scriptCalls(redis)
  // One line is redis-cli itself.
  const isUsed = (): boolean =>
    redis.command('client', 'list').trim().split('\n').length > replicas && scriptCalls(redis) >= before + callsOfUse
  assert.ok(await eventually(isUsed), `Redis is not used again:\n${redis.command('info', 'commandstats')}`)
}

function scriptCalls(redis: TestRedis): number {
  const stats = redis.command('info', 'commandstats').matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)
  return [...stats].reduce((sum, [, calls]) => sum + Number(calls), 0)
}
