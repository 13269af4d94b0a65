// Whether cost grows with the number of tags: the same requests to a repository with few tags and to one with many, of one Lading.
import { putTags, tagPuts, withSampleBlobs } from '../content/push-samples.ts'
import { tagOf } from '../content/sample-images.ts'
import { writeTags } from '../content/write-tags.ts'
import type { Request, RequestsJob } from '../load/jobs.ts'
import { startRegistry, type Server } from '../servers/start-registry.ts'
import { connectionsPerJob, type Sizes } from '../sizes.ts'
import { inRounds, measured, perRequest, type Bench, type Line, type Row } from './row.ts'
import { accept } from './small-requests.ts'

/** Both are Lading's. */
export const growthColumns = ['few', 'many'] as const
const fewTags = 10
/** As many different ones are asked for in the repository with many; each worker meets them in the warm-up. */
const spread = 1_000
const warmUpPasses = 6
const name = 'growth'

interface Repository {
  column: (typeof growthColumns)[number]
  name: string
  tags: number
  /** Numbers of the images that are put while measuring: each is new to the server. */
  firstPut: number
}

interface Kind {
  figure: string
  title: string
  job: (repository: Repository, sizes: Sizes) => Pick<RequestsJob, 'requests' | 'seconds'>
}

const kinds: Kind[] = [
  {
    figure: 'hot',
    title: 'tag GET, the same 10 tags',
    job: (repository, { seconds }) => ({ seconds, requests: tagRequests('GET', repository, fewTags) }),
  },
  {
    figure: 'any',
    title: 'tag GET, 1,000 tags from all over',
    job: (repository, { seconds }) => ({ seconds, requests: tagRequests('GET', repository, spread) }),
  },
  {
    figure: 'head',
    title: 'tag HEAD, the same 10 tags',
    job: (repository, { seconds }) => ({ seconds, requests: tagRequests('HEAD', repository, fewTags) }),
  },
  {
    figure: 'page',
    title: 'the last 10 tags (n=100)',
    job: (repository, { seconds }) => ({ seconds, requests: [lastPage(repository)] }),
  },
]

const figuresOf = (figure: string, title: string): Line[] => [
  { title: `${title}, requests/s`, figures: [`${figure}PerSecond`] },
  { title: `${title}, CPU µs per request`, figures: [`${figure}CpuMicros`] },
]

export const growthRow: Row = {
  name,
  lines: [
    ...figuresOf('put', 'manifest PUT under a new tag'),
    ...kinds.flatMap(({ figure, title }) => figuresOf(figure, title)),
  ],
  async run(bench) {
    const registry = bench.registries.find((each) => each.name === 'lading')
    if (registry === undefined) return
    const { growthTags, growthPuts, rounds, warmUpSeconds } = bench.sizes
    const repositories: Repository[] = [
      { column: 'few', name: 'growth/few', tags: fewTags, firstPut: 2 * growthTags },
      { column: 'many', name: 'growth/many', tags: growthTags, firstPut: 4 * growthTags },
    ]
    const folder = bench.freshFolder()
    const first = await startRegistry(registry, folder)
    for (const repository of repositories) {
      await withSampleBlobs(first, repository.name)
      await putTags(bench, first, tagPuts(repository.name, 0, fewTags))
    }
    await first.stop()
    writeTags(first.root, 'growth/many', { first: fewTags, count: growthTags - fewTags, manifests: fewTags })

    const server = await startRegistry(registry, folder)
    try {
      await inRounds(rounds, repositories, (repository, round) =>
        measurePuts(bench, server, { repository, round, count: growthPuts }),
      )
      for (const kind of kinds) {
        const jobOf = (repository: Repository) => ({
          kind: 'requests' as const,
          port: server.port,
          connections: connectionsPerJob,
          ...kind.job(repository, bench.sizes),
        })
        for (const repository of repositories) {
          const { seconds: _, ...once } = jobOf(repository)
          await measured(bench, server, { ...once, seconds: warmUpSeconds })
          await measured(bench, server, {
            ...once,
            requests: Array.from({ length: warmUpPasses }, () => once.requests).flat(),
          })
        }
        await inRounds(rounds, repositories, async (repository) => {
          const result = perRequest(await measured(bench, server, jobOf(repository)))
          record(bench, repository, kind.figure, result)
        })
      }
    } finally {
      await server.stop()
    }
  },
}

/** New tags, which are deleted again: the next round meets as many as this one did. */
async function measurePuts(
  bench: Bench,
  server: Server,
  { repository, round, count }: { repository: Repository; round: number; count: number },
): Promise<void> {
  const requests = tagPuts(repository.name, repository.firstPut + round * count, count)
  const job = { kind: 'requests' as const, port: server.port, connections: connectionsPerJob }
  record(bench, repository, 'put', perRequest(await measured(bench, server, { ...job, requests })))
  const deletes = requests.map(({ path }) => ({ method: 'DELETE' as const, path, status: 202 }))
  await measured(bench, server, { ...job, requests: deletes })
}

function record(
  bench: Bench,
  { column }: Repository,
  figure: string,
  { perSecond = 0, cpuMicros = 0 }: Record<string, number>,
): void {
  bench.record(name, column, { [`${figure}PerSecond`]: perSecond, [`${figure}CpuMicros`]: cpuMicros })
}

/** Evenly over all tags, in an order that jumps about. */
function tagRequests(method: 'GET' | 'HEAD', { name, tags }: Repository, count: number): Request[] {
  const different = Math.min(count, tags)
  const stride = Math.floor(tags / different)
  return Array.from({ length: different }, (_, index) => ({
    method,
    path: `/v2/${name}/manifests/${tagOf(((index * 7919) % different) * stride)}`,
    headers: { Accept: accept },
    status: 200,
  }))
}

/** Ten tags in both repositories, so that the answers have the same length. */
function lastPage({ name, tags }: Repository): Request {
  const before = tags > fewTags ? tagOf(tags - fewTags - 1) : 'a'
  return { method: 'GET', path: `/v2/${name}/tags/list?n=100&last=${before}`, status: 200 }
}
