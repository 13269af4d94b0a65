/** Several registries at the same time on one bucket behind one address: any of them can answer any request but those of an upload, which stay with one. */
import assert from 'node:assert/strict'
import { requireTool } from '../../testing/requirements.ts'
import { startVersitygw } from '../../testing/start-versitygw.ts'
import { run } from '../clients/support/command.ts'
import { getManifest, pushTree } from '../clients/support/http.ts'
import { addImageOfManyLayers, addMultiPlatformIndex } from '../clients/support/images.ts'
import { OciLayout } from '../clients/support/oci-layout.ts'
import { assertHolds, assertServes } from '../clients/support/same-content.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { ask } from './support/ask.ts'
import { observe } from './support/observe.ts'
import { lading, needPeers, peers } from './support/programs.ts'
import { openRoundRobin, type RoundRobin } from './support/round-robin.ts'
import { openS3Place } from './support/s3-place.ts'
import { deleteReference, pushSample } from './support/sample-content.ts'
import { requestsOfBoth } from './support/switched.ts'
import { assertPulls, beginUpload, finishUpload, sendChunk } from './support/uploads.ts'

const programs = [lading, peers.distribution3, peers.distribution2]

describe(`${programs.map(({ label }) => label).join(' and ')}, at the same time on one bucket`, function () {
  before(function () {
    needPeers(this, 'distribution3', 'distribution2')
    requireTool(this, 'versitygw')
  })
  const suite = useSuiteFolder(this, 's3-side-by-side', { tools: ['crane'] })
  let urls: readonly string[]
  let front: RoundRobin

  before(async () => {
    const { folder, atEnd } = suite()
    const s3 = await startVersitygw()
    atEnd(() => s3.close())
    const place = await openS3Place(s3, folder, { bucket: 'shared' })
    const registries = await Promise.all(programs.map((program) => place.start(program)))
    registries.forEach((registry) => atEnd(() => registry.stop()))
    urls = registries.map(({ url }) => url)
    front = await openRoundRobin(urls, { uploadsStay: true })
    atEnd(() => front.stop())
  })

  it('take twenty uploads at once, each of which stays where it began', async () => {
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

  it('take one and the same blob at once, which is whole whoever ended last', async () => {
    for (const size of [100_000, 40_000_000]) {
      const uploads = await Promise.all(urls.map((url) => beginUpload(url, 'team/same', `same ${size}`, size)))
      await Promise.all(
        uploads.map(async (upload, index) => {
          await sendChunk(urls[index] as string, upload, size)
          await finishUpload(urls[index] as string, upload)
        }),
      )
      for (const url of urls) for (const upload of uploads) await assertPulls(url, upload)
    }
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
    for (const index of urls.keys()) assert.ok(front.passed().includes(`PUT ${index}`), `a push reached ${urls[index]}`)
  })

  it('see at once what another one pushed, moved and deleted', async () => {
    const layout = await OciLayout.create(suite().folder.in('moved-source'))
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

  it('serve a blob no more that another one deleted, and again once it is pushed again', async () => {
    for (const [index, deleter] of urls.entries()) {
      const [first = deleter] = urls
      const push = async (url: string) => {
        const upload = await beginUpload(url, 'team/deleted', `deleted ${index}`)
        await finishUpload(url, upload)
        return upload
      }
      const upload = await push(first)
      const path = `/v2/team/deleted/blobs/${upload.digest}`
      for (const url of urls) await assertPulls(url, upload)
      assert.equal((await ask(deleter, { method: 'DELETE', path })).status, 202)
      for (const url of urls)
        for (const method of ['GET', 'HEAD']) assert.equal((await ask(url, { method, path })).status, 404)
      await push(deleter)
      for (const url of urls) await assertPulls(url, upload)
    }
  })

  it('agree on all content that was pushed through the one address', async () => {
    const layout = await OciLayout.create(suite().folder.in('sample-source'))
    const { requests } = await pushSample(front.url, layout, 'shared')
    const wanted = requestsOfBoth('distribution2', requests)
    const [first, ...others] = await Promise.all(urls.map((url) => observe(url, wanted)))
    for (const other of others) assert.deepEqual(other, first)
  })
})
