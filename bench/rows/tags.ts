// Many tags in one repository: putting them, and listing them.
import { tagPuts, putTags, withSampleBlobs } from '../content/push-samples.ts'
import { tagOf } from '../content/sample-images.ts'
import type { Server } from '../servers/start-registry.ts'
import { connectionsPerJob, type Sizes } from '../sizes.ts'
import { inRounds, measured, perRequest, requestLines, type Bench, type Figures, type Row } from './row.ts'

const repository = 'bench/tags'
const pageSize = 100
const tagCounts = new Map<Server, number>()

export function tagRows(sizes: Sizes): Row[] {
  const tags = sizes.tags.toLocaleString('en')
  return [
    { name: 'manifest-put', lines: requestLines(`manifest PUT, up to ${tags} tags`), run: runPuts },
    {
      name: 'list',
      lines: [
        { title: `list ${tags} tags, ms`, figures: ['wholeMs'] },
        { title: `first page of ${pageSize}, ms`, figures: ['firstPageMs'] },
        { title: `last page of ${pageSize}, ms`, figures: ['lastPageMs'] },
      ],
      run: runLists,
    },
  ]
}

/** Each round goes on where the last one ended, so the last rounds meet nearly all of the tags. */
async function runPuts(bench: Bench): Promise<void> {
  const { tags, rounds } = bench.sizes
  const perRound = Math.floor(tags / rounds)
  for (const server of bench.servers) await withSampleBlobs(server, repository)
  await inRounds(rounds, bench.servers, async (server) => {
    const first = tagCounts.get(server) ?? 0
    const requests = tagPuts(repository, first, Math.min(perRound, tags - first))
    const job = { kind: 'requests' as const, port: server.port, connections: connectionsPerJob, requests }
    bench.record('manifest-put', server.name, perRequest(await measured(bench, server, job)))
    tagCounts.set(server, first + requests.length)
  })
}

async function runLists(bench: Bench): Promise<void> {
  const { tags, rounds } = bench.sizes
  for (const server of bench.servers) {
    await withSampleBlobs(server, repository)
    const first = tagCounts.get(server) ?? 0
    if (first < tags) await putTags(bench, server, tagPuts(repository, first, tags - first))
    tagCounts.set(server, tags)
  }
  const lists = new Map<Server, Record<string, string>>()
  for (const server of bench.servers) lists.set(server, await knownLists(bench, server))

  await inRounds(rounds, bench.servers, async (server) => {
    const figures: Figures = {}
    for (const [figure, path] of Object.entries(lists.get(server) ?? {})) {
      figures[figure] = await listMs(bench, server, path)
    }
    bench.record('list', server.name, figures)
  })
}

async function listMs(bench: Bench, server: Server, path: string): Promise<number> {
  const requests = Array.from({ length: bench.sizes.lists }, () => ({ method: 'GET' as const, path, status: 200 }))
  const { p50Ms } = await measured(bench, server, { kind: 'requests', port: server.port, connections: 1, requests })
  return p50Ms
}

/** The lists that the server knows: distribution 2.8 has no pages of tags and answers all of them. */
async function knownLists(bench: Bench, server: Server): Promise<Record<string, string>> {
  const list = `/v2/${repository}/tags/list`
  const { tags } = bench.sizes
  const all = Array.from({ length: tags }, (_, index) => tagOf(index))
  const wanted = {
    wholeMs: { path: list, expected: all },
    firstPageMs: { path: `${list}?n=${pageSize}`, expected: all.slice(0, pageSize) },
    lastPageMs: {
      path: `${list}?n=${pageSize}&last=${tagOf(tags - pageSize - 1)}`,
      expected: all.slice(-pageSize),
    },
  }
  const known: Record<string, string> = {}
  for (const [figure, { path, expected }] of Object.entries(wanted)) {
    const answer = await fetch(server.url + path)
    const got = ((await answer.json()) as { tags?: string[] }).tags ?? []
    // distribution 2.8 answers them as they lie in the folder.
    if (got.sort().join() === expected.join()) known[figure] = path
    else if (server.name !== 'distribution2')
      bench.fault(server, `${path} answers ${got.length} tags, not those expected`)
  }
  return known
}
