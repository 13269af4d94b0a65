/** One directory, one configuration, another process: distribution and Lading take each other's place, and nobody notices. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { freePort } from '../../testing/start-server.ts'
import { run } from '../clients/support/command.ts'
import { OciLayout } from '../clients/support/oci-layout.ts'
import { useSuiteFolder } from '../clients/support/suite-folder.ts'
import { ask, type Request } from './support/ask.ts'
import { observe } from './support/observe.ts'
import { lading, needPeers, peers, type PeerName, type Program } from './support/programs.ts'
import { deleteReference, pushSample } from './support/sample-content.ts'
import { configuration, startRegistry } from './support/start-registry.ts'
import { askStatus, assertPulls, beginUpload, finishUpload, sendChunk } from './support/uploads.ts'

const catalog: Request = { method: 'GET', path: '/v2/_catalog' }

for (const peerName of ['distribution2', 'distribution3'] as const satisfies readonly PeerName[]) {
  const peer = peers[peerName]
  /** 2.8 asks for the signed state in every request. */
  const canForgetTheState = peerName !== 'distribution2'
  const canPruneIndexes = peerName !== 'distribution2'

  describe(`${peer.label} and Lading, one after the other on one directory`, function () {
    before(function () {
      needPeers(this, peerName)
    })
    const suite = useSuiteFolder(this, 'drop-in', { tools: [] })

    /** A directory, its configuration, and a port that whoever serves it takes. */
    async function openPlace(name: string) {
      const { folder } = suite()
      const file = folder.in(`${name}.yml`)
      writeFileSync(file, configuration(folder.in(name)))
      const port = await freePort()
      return {
        file,
        layout: await OciLayout.create(folder.in(`${name}-source`)),
        /** Serves the place for as long as `work` takes. */
        async serve<T>(program: Program, work: (url: string) => Promise<T>): Promise<T> {
          const registry = await startRegistry(program, file, port)
          try {
            return await work(registry.url)
          } finally {
            await registry.stop()
          }
        },
      }
    }

    it('serve the same: what either pushed, moved and deleted, by tag and digest, in ranges and lists', async () => {
      const place = await openPlace('switched')
      const first = await place.serve(peer, (url) => pushSample(url, place.layout, 'first'))
      const before = await place.serve(peer, (url) => observe(url, requestsOfBoth(first.requests)))
      assert.deepEqual(await place.serve(lading, (url) => observe(url, requestsOfBoth(first.requests))), before)

      const second = await place.serve(lading, async (url) => {
        const sample = await pushSample(url, place.layout, 'second')
        await deleteSome(url, 'first')
        return sample
      })
      const requests = [...first.requests, ...second.requests]
      const after = await place.serve(lading, (url) => observe(url, requestsOfBoth(requests)))
      assert.deepEqual(await place.serve(peer, (url) => observe(url, requestsOfBoth(requests))), after)

      const third = await place.serve(peer, async (url) => {
        await deleteSome(url, 'second')
        return pushSample(url, place.layout, 'third')
      })
      requests.push(...third.requests)
      const last = await place.serve(peer, (url) => observe(url, requestsOfBoth(requests)))
      assert.deepEqual(await place.serve(lading, (url) => observe(url, requestsOfBoth(requests))), last)
    })

    for (const [from, to] of [
      [peer, lading],
      [lading, peer],
    ] as const) {
      it(`an upload that began with ${from.label} is finished by ${to.label}`, async () => {
        const place = await openPlace(`upload-to-${to === lading ? 'lading' : 'peer'}`)
        const uploads = await place.serve(from, async (url) => {
          const begun = await beginUpload(url, 'team/app', `${from.label} begun`)
          const chunked = await beginUpload(url, 'team/app', `${from.label} chunked`)
          const complete = await beginUpload(url, 'team/app', `${from.label} complete`)
          await sendChunk(url, chunked, 40_000)
          await sendChunk(url, complete, complete.bytes.length)
          return [begun, chunked, complete]
        })

        await place.serve(to, async (url) => {
          for (const [index, upload] of uploads.entries()) {
            // The location that the other registry gave is as good as one that is asked for again.
            if (index !== 2) await askStatus(url, upload, canForgetTheState)
            if (index !== 2) await sendChunk(url, upload, 10_000)
            await finishUpload(url, upload)
            await assertPulls(url, upload)
          }
        })
        await place.serve(from, async (url) => {
          for (const upload of uploads) await assertPulls(url, upload)
        })
      })
    }

    it('its garbage-collect keeps every image that Lading holds', async () => {
      const place = await openPlace('collected')
      const sample = await place.serve(lading, (url) => pushSample(url, place.layout, 'kept'))
      const before = await place.serve(lading, (url) => observe(url, requestsOfBoth(sample.requests)))

      // 2.8 loses the images of an index with --delete-untagged, whoever wrote the tree.
      for (const flags of canPruneIndexes ? [[], ['--delete-untagged']] : [[]]) {
        const env = { OTEL_TRACES_EXPORTER: 'none' }
        await run(peer.commandLine[0], ['garbage-collect', ...flags, place.file], { env })
        const kept = requestsOfBoth(flags.length === 0 ? sample.requests : sample.tagged)
        for (const program of [lading, peer]) {
          const after = await place.serve(program, (url) => observe(url, kept))
          for (const [request, answer] of Object.entries(after)) assert.deepEqual(answer, before[request], request)
        }
      }
    })

    /** 2.8 does not page lists of tags, and cuts the connection on a range behind the end. */
    function requestsOfBoth(requests: readonly Request[]): Request[] {
      const isOdd = ({ path, headers = {} }: Request): boolean =>
        path.includes('/tags/list?') || /^bytes=[1-9]\d+-$/.test(headers['Range'] ?? '')
      return [catalog, ...requests].filter((request) => peerName !== 'distribution2' || !isOdd(request))
    }
  })
}

/** A tag alone, and an image with all its tags. */
async function deleteSome(url: string, namespace: string): Promise<void> {
  const head = await ask(url, { method: 'HEAD', path: `/v2/${namespace}/many/manifests/build-0007` })
  const image = String(head.headers['docker-content-digest'])
  await deleteReference(url, `/v2/${namespace}/images/multi/manifests/1.0`)
  await deleteReference(url, `/v2/${namespace}/many/manifests/${image}`)
}
