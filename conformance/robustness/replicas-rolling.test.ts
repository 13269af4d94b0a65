// A rolling restart of three replicas while docker and other clients push and pull: nobody sees a fault, and no command fails.
//
// What an operator has to see to, and this test does: `http.readinessdelay` is longer than the balancer takes to learn from /readyz that a replica
// is about to stop; the next replica is stopped once /readyz of the last one says yes again; the balancer does not buffer request bodies.
// nginx by itself does not look at /readyz and learns from refused connections alone. Then what is on its way into the replica in the moment in which it
// stops listening is answered with 502: nginx cannot send a body again that it does not keep. Whoever uses it has to mark the replica as `down`
// and reload nginx before stopping it, as is done here. `proxy_next_upstream` is best left as it is: with `non_idempotent` nginx would repeat a PATCH.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { requireTool } from '../../testing/requirements.ts'
import { startReplicas, type Replicas } from '../../testing/start-replicas.ts'
import { dockerArchive } from '../clients/support/docker-archive.ts'
import { startDockerDaemon, type DockerDaemon } from '../clients/support/docker-daemon.ts'
import { generatedBytes } from '../clients/support/generated-bytes.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { tarOf } from '../clients/support/tar.ts'
import { pushAndPullBack } from './support/replicas-round.ts'
import { whileWorking } from './support/replicas-while.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'

const rounds = Number(process.env['LADING_ROLLING_ROUNDS'] ?? 2)
const clients = 4
const layerBytes = 3_000_000
const environment = { REGISTRY_HTTP_READINESSDELAY: '2s' }
const seed = seedFrom('LADING_REPLICA_SEED')

describe(`a rolling restart of three replicas under load (${rounds} rounds)`, function () {
  const suite = useSuiteFolder(this, 'rolling', { tools: ['docker', 'dockerd', 'containerd'], root: true })
  this.timeout(120_000 + rounds * 60_000)
  let daemon: DockerDaemon

  before('docker starts', async function () {
    for (const tool of ['versitygw', 'nginx', 'redis-server']) requireTool(this, tool)
    daemon = await startDockerDaemon(suite())
  })

  const deployments = [
    { what: 'with Redis', options: { withRedis: true, workers: 1 } },
    { what: 'without Redis, two workers each', options: { workers: 2 } },
  ]
  for (const { what, options } of deployments) {
    it(`no command of docker fails, and no answer is a fault (${what}, LADING_REPLICA_SEED=${seed})`, async () => {
      const replicas = await startReplicas(3, { ...options, followsReadiness: true, environment })
      try {
        const random = seededRandom(seed)
        const works = [
          ...Array.from({ length: clients }, (_, at) => imagesOf(replicas.url, `rolling/c${at}`, random.fork(`${at}`))),
          dockerImages(daemon, { host: new URL(replicas.url).host, file: suite().folder.in(`${what}.tar`) }),
        ]
        const done = await whileWorking(works, (signal) => restartAll(replicas, signal))
        console.log(
          `        ${rounds * 3} restarts, ${done.at(-1)} images through docker, ${sum(done.slice(0, -1))} others`,
        )
        assert.equal(replicas.balancer.errors(), '')
        assert.ok(
          done.every((count) => count > 0),
          `done: ${done.join()}`,
        )
      } finally {
        await replicas.stop()
      }
    })
  }
})

async function restartAll({ servers, restart }: Replicas, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const index of servers.keys()) if (!signal.aborted) await restart(index)
  }
}

function imagesOf(url: string, repository: string, random: Random): (round: number) => Promise<void> {
  return (round) => pushAndPullBack(url, { repository, name: `${repository} ${round}` }, random)
}

/** docker pushes an image that nobody has seen yet, forgets it, and pulls it again. */
function dockerImages(
  daemon: DockerDaemon,
  { host, file }: { host: string; file: string },
): (round: number) => Promise<void> {
  return async (round) => {
    const image = `${host}/rolling/docker:v${round}`
    const layers = Array.from({ length: 4 }, (_, at) =>
      tarOf({ [`layer-${at}`]: generatedBytes(`${file} ${round} ${at}`, layerBytes) }),
    )
    await writeFile(file, dockerArchive(image, layers))
    await daemon.docker(['load', '--input', file])
    const id = await daemon.docker(['image', 'inspect', '--format', '{{.Id}}', image])
    await daemon.docker(['push', image])
    await daemon.docker(['image', 'rm', image])
    await daemon.docker(['pull', image])
    assert.equal(await daemon.docker(['image', 'inspect', '--format', '{{.Id}}', image]), id)
    await daemon.docker(['image', 'rm', image])
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
