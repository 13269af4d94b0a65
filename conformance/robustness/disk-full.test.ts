// The disk fills up in the middle of pushes: clear refusals, nothing half-visible, nothing lost, and work goes on when there is room again.
import assert from 'node:assert/strict'
import { digestOf } from '../../testing/digest-of.ts'
import { requireRoot } from '../../testing/requirements.ts'
import { errorOf, type Answer } from '../../testing/exchange.ts'
import { startServer, type TestServer } from '../../testing/start-server.ts'
import { eventually } from '../../testing/wait-for.ts'
import { ask } from './support/ask.ts'
import { imageOf, type Content, type ManifestContent } from './support/content.ts'
import { tagsOf } from './support/inspect.ts'
import {
  expectStatus,
  offsetIn,
  patch,
  pushForms,
  Refusal,
  resume,
  startUpload,
  type PushSession,
} from './support/push-forms.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'
import { mountSmallDisk, type Scarcity, type SmallDisk } from './support/small-disk.ts'
import { temporaryEntries } from './support/stored-tree.ts'

const repository = 'full/app'
const clients = 4
const mostRounds = 400

for (const scarcity of ['bytes', 'inodes'] as const satisfies readonly Scarcity[]) {
  describe(`a disk that runs out of ${scarcity} in the middle of pushes`, function () {
    this.timeout(120_000)
    const seed = seedFrom('LADING_FULL_SEED')
    const random = seededRandom(`${seed}/${scarcity}`)
    const blobBytes = scarcity === 'bytes' ? 300_000 : 2000
    const acknowledged: Content[] = []
    const tagged = new Map<string, ManifestContent>()
    let disk: SmallDisk
    let server: TestServer
    let begun: PushSession

    before('a server starts on a small disk', async function () {
      requireRoot(this)
      disk = mountSmallDisk(scarcity)
      server = await startServer({ storage: 'filesystem', root: `${disk.folder}/root`, workers: 2 })
    })

    after('it stops', async () => {
      await server?.stop()
      disk?.unmount()
    })

    it(`what has no room is refused with 507, in words (LADING_FULL_SEED=${seed})`, async () => {
      await startSession()
      const refusals: Answer[] = []
      await Promise.all(
        Array.from({ length: clients }, async (_, client) => {
          for (let round = 0; round < mostRounds && refusals.length < clients * 3; round++) {
            const refusal = await pushImage(`c${client}-${round}`).then(
              () => undefined,
              (error: unknown) => refusalIn(error),
            )
            if (refusal !== undefined) refusals.push(refusal)
          }
        }),
      )
      assert.ok(refusals.length > 0, 'the disk never filled up')
      for (const answer of refusals) assertRefusal(answer)
      assert.ok(acknowledged.length > 0, 'nothing was pushed before')
      assert.match(server.output(), /ENOSPC/, 'the log does not tell the cause')
    })

    it('all of what was acknowledged is there, and nothing else has appeared', async () => {
      disk.fill()
      await assertAllThere()
    })

    it('reading and listing work on the full disk, and deleting too', async () => {
      const [tag] = tagged.keys()
      assert.equal((await ask(server.url, { path: `/v2/${repository}/tags/list?n=5` })).status, 200)
      const path = `/v2/${repository}/manifests/${tag}`
      const answer = await ask(server.url, { method: 'DELETE', path })
      assert.equal(answer.status, 202, answer.body.toString())
      tagged.delete(tag as string)
      await assertAllThere()
    })

    it('every kind of push is refused with 507, and the connection goes on to be used', async () => {
      disk.fill()
      for (const form of Object.keys(pushForms)) {
        const answer = await pushBlob(form).then(
          () => assert.fail(`${form} found room on a full disk`),
          (error: unknown) => refusalIn(error),
        )
        assertRefusal(answer)
      }
    })

    if (scarcity === 'inodes') {
      it('a manifest for which there is almost room leaves no temporary files', async () => {
        const [blob] = acknowledged
        for (let files = 0; files < 10; files++) {
          disk.fillBut(files)
          const refusal = await pushManifest(`almost-${files}`, blob as Content).then(
            () => undefined,
            (error: unknown) => refusalIn(error),
          )
          if (refusal !== undefined) assertRefusal(refusal)
          const isClean = await eventually(() => temporaryEntries(server.root).length === 0, 1000)
          assert.ok(isClean, `with room for ${files}: ${temporaryEntries(server.root).join()} is left`)
        }
        await assertAllThere()
      })
    }

    it('with room again all works: new pushes, and the upload that was begun before', async () => {
      disk.free()
      await pushImage('afterwards')
      const answer = await resume(server.url, begun)
      assert.equal(answer.status, 201, answer.body.toString())
      acknowledged.push(begun.blob)
      await assertAllThere()
      assert.ok(await eventually(() => temporaryEntries(server.root).length === 0), 'temporary files are left')
    })

    async function startSession(): Promise<void> {
      const bytes = random.bytes(blobBytes)
      begun = { repository, blob: { bytes, digest: digestOf(bytes) }, acknowledged: 0 }
      await startUpload(server.url, begun)
      await patch(server.url, begun, { body: bytes.subarray(0, 1000) })
      assert.equal(offsetIn(await ask(server.url, { path: begun.location as string })), 1000)
    }

    async function pushBlob(form = random.pick(Object.keys(pushForms))): Promise<Content> {
      const bytes = random.bytes(blobBytes)
      const blob = { bytes, digest: digestOf(bytes) }
      const push = pushForms[form] ?? assert.fail()
      const answer = await push(server.url, { repository, blob, acknowledged: 0 }, random)
      expectStatus(201, 'the end of a push', answer)
      acknowledged.push(blob)
      return blob
    }

    async function pushImage(tag: string): Promise<void> {
      await pushManifest(tag, await pushBlob())
    }

    async function pushManifest(tag: string, blob: Content): Promise<void> {
      const manifest = imageOf([blob], { name: tag })
      const path = `/v2/${repository}/manifests/${tag}`
      const headers = { 'Content-Type': manifest.mediaType }
      const answer = await ask(server.url, { method: 'PUT', path, headers, body: manifest.bytes })
      expectStatus(201, 'PUT of a manifest', answer)
      tagged.set(tag, manifest)
    }

    async function assertAllThere(): Promise<void> {
      for (const { digest, bytes } of acknowledged) {
        const answer = await ask(server.url, { path: `/v2/${repository}/blobs/${digest}` })
        assert.equal(answer.status, 200, digest)
        assert.ok(answer.body.equals(bytes), `${digest} has other bytes`)
      }
      for (const tag of await tagsOf(server.url, repository)) {
        const answer = await ask(server.url, { path: `/v2/${repository}/manifests/${tag}` })
        assert.equal(answer.status, 200, `the tag ${tag} is listed`)
        assert.equal(digestOf(answer.body), answer.headers['docker-content-digest'])
      }
      for (const [tag, { digest }] of tagged) {
        const answer = await ask(server.url, { path: `/v2/${repository}/manifests/${tag}` })
        assert.equal(answer.headers['docker-content-digest'], digest, `the tag ${tag}`)
      }
    }
  })
}

/** Anything but an answer of the registry is a failure of the test. */
function refusalIn(error: unknown): Answer {
  if (error instanceof Refusal) return error.answer
  throw error
}

function assertRefusal(answer: Answer): void {
  assert.equal(answer.status, 507, answer.body.toString())
  assert.match(errorOf(answer).message, /space/)
}
