/** Several registries at the same time on one directory behind one address: any of them can answer any request, also in the middle of an upload. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { freePort } from '../../testing/start-server.ts'
import { run } from '../clients/support/command.ts'
import { getManifest, pushTree } from '../clients/support/http.ts'
import { addImageOfManyLayers, addMultiPlatformIndex } from '../clients/support/images.ts'
import { OciLayout } from '../clients/support/oci-layout.ts'
import { assertHolds, assertServes } from '../clients/support/same-content.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { observe } from './support/observe.ts'
import { lading, needPeers, peers, type PeerName } from './support/programs.ts'
import { openRoundRobin, type RoundRobin } from './support/round-robin.ts'
import { deleteReference, pushSample } from './support/sample-content.ts'
import { configuration, startRegistry } from './support/start-registry.ts'
import { assertPulls, beginUpload, finishUpload, sendChunk } from './support/uploads.ts'

const combinations: readonly (readonly PeerName[])[] = [
  ['distribution3'],
  ['distribution2'],
  ['distribution3', 'distribution2'],
]

for (const names of combinations) {
  const programs = [lading, ...names.map((name) => peers[name])]

  describe(`${programs.map(({ label }) => label).join(' and ')}, at the same time on one directory`, function () {
    before(function () {
      needPeers(this, ...names)
    })
    const suite = useSuiteFolder(this, 'side-by-side', { tools: ['crane'] })
    let urls: readonly string[]
    let front: RoundRobin

    before(async () => {
      const { folder, atEnd } = suite()
      const file = folder.in('config.yml')
      writeFileSync(file, configuration(folder.in('shared')))
      const registries = await Promise.all(
        programs.map(async (program) => startRegistry(program, file, await freePort())),
      )
      registries.forEach((registry) => atEnd(() => registry.stop()))
      urls = registries.map(({ url }) => url)
      front = await openRoundRobin(urls)
      atEnd(() => front.stop())
    })

    it('take over from each other at every step of an upload', async () => {
      for (let first = 0; first < urls.length; first++) {
        let turn = first
        const next = (): string => urls[turn++ % urls.length] as string
        const upload = await beginUpload(next(), 'team/steps', `steps from ${first}`)
        for (const size of [1, 30_000, 500, 20_000]) await sendChunk(next(), upload, size)
        await finishUpload(next(), upload)
        for (const url of urls) await assertPulls(url, upload)
      }
    })

    it('take twenty uploads at once, each of whose requests reaches another one', async () => {
      const uploads = await Promise.all(
        Array.from({ length: 20 }, async (_, number) => {
          const upload = await beginUpload(front.url, 'team/many', `many ${number}`)
          for (let chunks = 0; chunks < 3; chunks++) await sendChunk(front.url, upload, 20_000 + number)
          await finishUpload(front.url, upload)
          return upload
        }),
      )
      for (const upload of uploads) for (const url of urls) await assertPulls(url, upload)
    })

    it('serve crane, which pushes and pulls through the one address', async () => {
      const { folder } = suite()
      const layout = await OciLayout.create(folder.in('crane-source'))
      const root = await addImageOfManyLayers(layout, 'side by side', 20)
      await layout.tag('v1', root)
      const reference = `${new URL(front.url).host}/team/crane:v1`

      await run('crane', ['push', '--insecure', layout.folder, reference])
      await run('crane', ['tag', '--insecure', reference, 'v2'])
      const pulled = folder.in('crane-pulled')
      await run('crane', ['pull', '--insecure', '--format=oci', reference, pulled])
      await run('crane', ['validate', '--insecure', '--remote', reference])

      await assertHolds(OciLayout.open(pulled), layout, root)
      for (const url of urls) await assertServes({ url, name: 'team/crane' }, layout, { root, reference: 'v2' })
      const reached = new Set(front.passed().map((line) => line.replace(/^PUT /, '')))
      assert.ok(
        urls.every((_, index) => reached.has(String(index))),
        'every registry took some of the pushes',
      )
    })

    it('see at once what another one pushed, moved and deleted', async () => {
      const { folder } = suite()
      const layout = await OciLayout.create(folder.in('moved-source'))
      const [one, other] = [await addMultiPlatformIndex(layout, 'one'), await addMultiPlatformIndex(layout, 'other')]
      for (const url of urls) await pushTree({ url, name: 'team/moved' }, layout, { root: other, tag: 'other' })

      for (const [index, writer] of urls.entries()) {
        for (const root of [one, other]) {
          await pushTree({ url: writer, name: 'team/moved' }, layout, { root, tag: 'latest' })
          for (const url of urls) await assertServes({ url, name: 'team/moved' }, layout, { root, reference: 'latest' })
        }
        await pushTree({ url: writer, name: 'team/moved' }, layout, { root: one, tag: `v${index}` })
        const deleter = urls[(index + 1) % urls.length] as string
        await deleteReference(deleter, `/v2/team/moved/manifests/${one.digest}`)
        for (const url of urls) await assert.rejects(getManifest({ url, name: 'team/moved' }, `v${index}`))
      }
    })

    it('agree on all content that was pushed through the one address', async () => {
      const layout = await OciLayout.create(suite().folder.in('sample-source'))
      const { requests } = await pushSample(front.url, layout, 'shared')
      const isForAll = (path: string): boolean => !path.includes('/tags/list?')
      const wanted = requests.filter(
        ({ path, headers = {} }) => isForAll(path) && !/^bytes=[1-9]\d+-$/.test(headers['Range'] ?? ''),
      )
      const [first, ...others] = await Promise.all(urls.map((url) => observe(url, wanted)))
      for (const other of others) assert.deepEqual(other, first)
    })
  })
}
