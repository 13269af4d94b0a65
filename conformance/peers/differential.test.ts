/**
 * The same requests to distribution 3.1.1 and to Lading, on copies of one directory: every difference is on the list, or a bug.
 * LADING_SEED and LADING_DIFFERENTIAL_REQUESTS ask for others and more; LADING_DIFFERENTIAL_STORY tells one story alone.
 */
import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { freePort } from '../../testing/start-server.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { pushBaseContent } from './differential/base-content.ts'
import { unlisted, unseen } from './differential/known-differences.ts'
import { differencesPage, pageFile } from './differential/page.ts'
import type { Difference } from './differential/pair.ts'
import { tellStories, type Told } from './differential/run-stories.ts'
import { lading, needPeers, peers } from './support/programs.ts'
import { configuration, startRegistry } from './support/start-registry.ts'

const defaultSeed = '4'
const defaultRequests = 3000
const mostShown = 30

describe('distribution 3.1.1 and Lading, asked the same', function () {
  const seed = process.env['LADING_SEED'] ?? defaultSeed
  const requests = Number(process.env['LADING_DIFFERENTIAL_REQUESTS'] ?? defaultRequests)
  const story = process.env['LADING_DIFFERENTIAL_STORY']
  let told: Told

  before(function () {
    needPeers(this, 'distribution3')
  })
  const suite = useSuiteFolder(this, 'differential', { tools: [] })

  before(async () => {
    const { folder, atEnd } = suite()
    const roots = { distribution: folder.in('distribution'), lading: folder.in('lading') }
    const files = { distribution: folder.in('distribution.yml'), lading: folder.in('lading.yml') }
    for (const side of ['distribution', 'lading'] as const) writeFileSync(files[side], configuration(roots[side]))

    const first = await startRegistry(peers.distribution3, files.distribution, await freePort())
    const base = await pushBaseContent(first.url)
    await first.stop()
    cpSync(roots.distribution, roots.lading, { recursive: true })

    const theirs = await startRegistry(peers.distribution3, files.distribution, await freePort())
    atEnd(() => theirs.stop())
    const ours = await startRegistry(lading, files.lading, await freePort())
    atEnd(() => ours.stop())
    told = await tellStories({
      urls: { distribution: theirs.url, lading: ours.url },
      roots,
      base,
      seed,
      requests,
      only: story === undefined ? undefined : Number(story),
    })
    console.log(
      `      seed ${seed}: ${told.requests} requests in ${told.stories} stories, ${told.differences.length} known or unknown differences`,
    )
  })

  it('differ in nothing that is not on the list of deliberate differences', () => {
    const surprises = groupedByKind(unlisted(told.differences))
    assert.equal(surprises.length, 0, `\n${surprises.slice(0, mostShown).map(reproduction).join('\n\n')}\n`)
  })

  it('differ in everything that is on the list', function () {
    if (seed !== defaultSeed || requests !== defaultRequests || story !== undefined) this.skip()
    assert.deepEqual(unseen(told.differences), [])
  })
})

describe('docs/differences.md', () => {
  it('is the list of deliberate differences (node conformance/peers/differential/page.ts)', async () => {
    assert.equal(await readFile(pageFile, 'utf8'), await differencesPage())
  })
})

/** One of each kind, with their number. */
function groupedByKind(differences: readonly Difference[]): { first: Difference; count: number }[] {
  const kinds = Map.groupBy(differences, ({ what, aspect, distribution, lading: own }) =>
    [what, aspect, ...(aspect === 'outcome' ? [distribution, own] : [])].join(),
  )
  return [...kinds.values()].map((all) => ({ first: all[0] as Difference, count: all.length }))
}

function reproduction({ first, count }: { first: Difference; count: number }): string {
  const { what, aspect, distribution, lading: own, reproduction: lines } = first
  return [
    `${what}: ${aspect}${count > 1 ? ` (${count} times)` : ''}`,
    `  distribution  ${distribution}`,
    `  Lading        ${own}`,
    ...lines.map((line) => `    ${line}`),
  ].join('\n')
}
