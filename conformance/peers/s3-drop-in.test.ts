/** One bucket, one configuration, another process: distribution and Lading take each other's place on S3 too. */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { signedRequest } from '../../testing/fake-s3/signed-request.ts'
import { requireTool } from '../../testing/requirements.ts'
import { startVersitygw, type Versitygw } from '../../testing/start-versitygw.ts'
import { eventually } from '../../testing/wait-for.ts'
import { run } from '../clients/support/command.ts'
import { pushTree } from '../clients/support/http.ts'
import { addMultiPlatformIndex } from '../clients/support/images.ts'
import type { OciLayout } from '../clients/support/oci-layout.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { ask, errorCodes } from './support/ask.ts'
import { observe } from './support/observe.ts'
import { lading, needPeers, peers, type PeerName } from './support/programs.ts'
import { openS3Place, type S3Place, type S3PlaceOptions } from './support/s3-place.ts'
import { assertDelivers } from './support/s3-redirects.ts'
import { deleteReference, pushSample } from './support/sample-content.ts'
import { assertServeTheSame, catalog, requestsOfBoth } from './support/switched.ts'
import { readTree } from './support/trees.ts'
import { askStatus, assertPulls, beginUpload, finishUpload, sendChunk, type OpenUpload } from './support/uploads.ts'

const mebibyte = 1024 * 1024
/** More than any of them copies, or puts, in one request to S3. */
const largeBytes = 70 * mebibyte + 1
/** Lading gives smaller content itself: a second request costs a client more. */
const leastRedirectedBytes = 16 * 1024
/** What is sent in PATCH requests before the PUT brings the rest. */
const chunkings = { 'one PUT': [], 'one PATCH': [largeBytes], chunks: [30 * mebibyte, 7 * mebibyte + 3, 20 * mebibyte] }

for (const peerName of ['distribution2', 'distribution3'] as const satisfies readonly PeerName[]) {
  const peer = peers[peerName]
  /** 2.8 loses the images of an index with --delete-untagged, whoever wrote the tree. */
  const canPruneIndexes = peerName !== 'distribution2'
  const bothWays = [
    { from: peer, to: lading },
    { from: lading, to: peer },
  ]

  describe(`${peer.label} and Lading, one after the other on one bucket`, function () {
    before(function () {
      needPeers(this, peerName)
      requireTool(this, 'versitygw')
    })
    const suite = useSuiteFolder(this, 's3-drop-in', { tools: [] })
    let s3: Versitygw
    let buckets = 0

    before(async () => {
      s3 = await startVersitygw()
      suite().atEnd(() => s3.close())
    })

    const openPlace = (options: Partial<S3PlaceOptions> = {}): Promise<S3Place> =>
      openS3Place(s3, suite().folder, { bucket: `bucket-${++buckets}`, ...options })

    it('serve the same: what either pushed, moved and deleted, by tag and digest, in ranges and lists', async () => {
      await assertServeTheSame(await openPlace(), peerName)
    })

    it('put the same objects into a bucket, none more and none less', async () => {
      const trees = []
      for (const program of [peer, lading]) {
        const place = await openPlace({ rootDirectory: '/some/where/' })
        await place.serve(program, (url) => pushAndDelete(url, place.layout))
        trees.push(readTree(place.tree))
      }
      assert.deepEqual(trees[1], trees[0])
    })

    for (const { from, to } of bothWays) {
      it(`${to.label} serves the large blobs that ${from.label} took in one PUT, in one PATCH and in chunks`, async () => {
        const place = await openPlace()
        const uploads = await place.serve(from, async (url) => {
          const pushed: OpenUpload[] = []
          for (const [name, chunks] of Object.entries(chunkings)) {
            const upload = await beginUpload(url, 'team/large', `${from.label} ${name}`, largeBytes)
            for (const size of chunks) await sendChunk(url, upload, size)
            await finishUpload(url, upload)
            pushed.push(upload)
          }
          return pushed
        })
        await place.serve(to, async (url) => {
          for (const upload of uploads) await assertPulls(url, upload)
        })
      })

      it(`an upload that began with ${from.label} is unknown to ${to.label}, and goes on where it began`, async () => {
        const place = await openPlace()
        const upload = await place.serve(from, async (url) => {
          const begun = await beginUpload(url, 'team/app', `${from.label} began`)
          await sendChunk(url, begun, 40_000)
          return begun
        })
        await place.serve(to, async (url) => {
          const { location: path } = upload
          const chunk = { headers: { 'Content-Range': '40000-40002' }, body: Buffer.from('abc') }
          for (const request of [
            { method: 'GET', path },
            { method: 'PATCH', path, ...chunk },
            { method: 'PUT', path: `${path}${path.includes('?') ? '&' : '?'}digest=${upload.digest}` },
            { method: 'DELETE', path },
          ]) {
            const { status, body } = await ask(url, request)
            assert.deepEqual([status, ...errorCodes(body)], [404, 'BLOB_UPLOAD_UNKNOWN'], request.method)
          }
        })
        await place.serve(from, async (url) => {
          await askStatus(url, upload, false)
          await finishUpload(url, upload)
        })
        await place.serve(to, (url) => assertPulls(url, upload))
      })
    }

    it('send clients to the same address of the store, which has the bytes', async () => {
      const place = await openPlace({ redirects: true, rootDirectory: 'some/where' })
      const uploads: OpenUpload[] = []
      for (const program of [peer, lading]) {
        await place.serve(program, async (url) => {
          for (const size of [100, leastRedirectedBytes, 200_000, 20 * mebibyte]) {
            const upload = await beginUpload(url, 'team/sent', `${program.label} ${size}`, size)
            await finishUpload(url, upload)
            uploads.push(upload)
          }
        })
      }

      const addressOf = ({ digest }: OpenUpload): string => {
        const hex = digest.slice('sha256:'.length)
        const key = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`
        return `${s3.endpoint}/${place.bucket}/some/where/${key}`
      }
      await place.serve(peer, async (url) => {
        for (const upload of uploads) await assertDelivers(url, upload, addressOf(upload))
      })
      await place.serve(lading, async (url) => {
        for (const upload of uploads) {
          const isSent = upload.bytes.length >= leastRedirectedBytes
          await assertDelivers(url, upload, isSent ? addressOf(upload) : undefined)
        }
      })
    })

    it('Lading removes the uploads that the other one never finished', async () => {
      const place = await openPlace()
      const count = async (element: string, query: Record<string, string>): Promise<number> => {
        const answer = await signedRequest(s3, { path: `/${place.bucket}`, query })
        return answer.body.toString().split(`<${element}>`).length - 1
      }
      const left = async (): Promise<{ objects: number; multiparts: number }> => ({
        objects: await count('Key', { 'list-type': '2', prefix: 'docker/' }),
        multiparts: await count('UploadId', { uploads: '' }),
      })
      await place.serve(peer, async (url) => {
        await beginUpload(url, 'team/app', 'begun')
        await sendChunk(url, await beginUpload(url, 'team/app', 'chunked', 6 * mebibyte), 6 * mebibyte)
      })
      const { objects, multiparts } = await left()
      assert.ok(objects > 0 && multiparts === 2)
      const purged = await openPlace({ bucket: place.bucket, purging: { age: '1ms', interval: '100ms' } })
      await purged.serve(lading, async () => {
        await eventually(async () => isDeepStrictEqual(await left(), { objects: 0, multiparts: 0 }))
        assert.deepEqual(await left(), { objects: 0, multiparts: 0 })
      })
    })

    it('its garbage-collect keeps every image that Lading holds', async () => {
      const place = await openPlace({ rootDirectory: '/some/where/' })
      const sample = await place.serve(lading, (url) => pushSample(url, place.layout, 'kept'))
      const before = await place.serve(lading, (url) =>
        observe(url, requestsOfBoth(peerName, [catalog, ...sample.requests])),
      )

      for (const flags of canPruneIndexes ? [[], ['--delete-untagged']] : [[]]) {
        const env = { OTEL_TRACES_EXPORTER: 'none' }
        await run(peer.commandLine[0], ['garbage-collect', ...flags, place.file], { env })
        const kept = requestsOfBoth(peerName, [catalog, ...(flags.length === 0 ? sample.requests : sample.tagged)])
        for (const program of [lading, peer]) {
          const after = await place.serve(program, (url) => observe(url, kept))
          for (const [request, answer] of Object.entries(after)) assert.deepEqual(answer, before[request], request)
        }
      }
    })
  })
}

/** What leaves no trace that depends on who did it. */
async function pushAndDelete(url: string, layout: OciLayout): Promise<void> {
  const [one, other] = [await addMultiPlatformIndex(layout, 'one'), await addMultiPlatformIndex(layout, 'other')]
  const repository = { url, name: 'team/deep/app' }
  for (const root of [one, other]) {
    await pushTree(repository, layout, { root, tag: 'latest' })
    await pushTree(repository, layout, { root, tag: `of-${root.digest.slice(-8)}` })
  }
  await deleteReference(url, `/v2/${repository.name}/manifests/${one.digest}`)
  const chunked = await beginUpload(url, 'team/chunked', 'chunked')
  await sendChunk(url, chunked, 40_000)
  await finishUpload(url, chunked)
}
