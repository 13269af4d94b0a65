// A stand-in for a power loss: the system calls of pushes are recorded, and everything that a 201 promises must have been synced before it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { requireTool } from '../../testing/requirements.ts'
import { ask } from './support/ask.ts'
import { breaches } from './support/check-durability.ts'
import { digestOf, imageOf, indexOf } from './support/content.ts'
import { openPromiseBook, randomContent, type PromiseBook } from './support/promise-book.ts'
import { finish, patch, pushForms, startUpload, type PushSession } from './support/push-forms.ts'
import { startRecorded } from './support/record-calls.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'
import { uploadDataFile } from './support/stored-tree.ts'
import { joined } from './support/strace-calls.ts'

/** docs/storage-layout.md, Durability: the state of unfinished uploads, and a tag's history. */
const exempt = /\/_uploads\/[^/]+\/(startedat|lading-state)$|\/_manifests\/tags\/[^/]+\/index\//
/** Longer than anything that a server might take for "just now". */
const slowPushMs = 12_000
const repository = 'loss/app'

describe('before a 201 is sent, all that it promises is on disk, files and folders', function () {
  this.timeout(120_000)
  const seed = seedFrom('LADING_LOSS_SEED')
  const random = seededRandom(seed)
  let found: string[] | undefined

  const pushes: Record<string, (what: string, book: PromiseBook, url: string) => Promise<unknown>> = {
    ...Object.fromEntries(
      Object.keys(pushForms).map((form) => [
        `a blob: ${form}`,
        (what: string, book: PromiseBook) => book.pushBlob(what, { repository, form }),
      ]),
    ),
    ...Object.fromEntries(
      Object.keys(pushForms).map((form) => [
        `the first blob of a repository: ${form}`,
        (what: string, book: PromiseBook) =>
          book.pushBlob(what, { repository: `loss/${digestOf(Buffer.from(form)).slice(7, 15)}/new`, form }),
      ]),
    ),

    async 'an empty blob'(what, book) {
      const bytes = Buffer.alloc(0)
      await book.pushBlob(what, { repository, blob: { bytes, digest: digestOf(bytes) }, form: 'POST and PUT' })
    },

    async 'a blob under sha512'(what, book) {
      const { bytes } = randomContent(random)
      await book.pushBlob(what, { repository, blob: { bytes, digest: digestOf(bytes, 'sha512') } })
    },

    async 'a blob that is there already'(what, book) {
      const blob = await book.pushBlob(what, { repository })
      await book.pushBlob(what, { repository, blob, form: 'one streamed PATCH' })
    },

    async 'one blob pushed by many at once'(what, book) {
      const blob = randomContent(random)
      await Promise.all(
        Object.keys(pushForms).flatMap((form) => [
          book.pushBlob(what, { repository: 'loss/many/one', blob, form }),
          book.pushBlob(what, { repository: 'loss/many/two', blob, form }),
        ]),
      )
    },

    async 'a mount'(what, book, url) {
      const blob = await book.pushBlob(what, { repository })
      const target = 'loss/mounted'
      const query = `mount=${blob.digest}&from=${repository}`
      const answer = await ask(url, { method: 'POST', path: `/v2/${target}/blobs/uploads/?${query}` })
      book.blob(what, { repository: target, blob, answer })
    },

    async 'a push that takes long, as the first of its repository'(what, book, url) {
      const session: PushSession = { repository: 'loss/slow/app', blob: randomContent(random), acknowledged: 0 }
      await startUpload(url, session)
      await patch(url, session, { body: session.blob.bytes })
      await sleep(slowPushMs)
      book.blob(what, { ...session, answer: await finish(url, session) })
    },

    async 'a manifest with a new tag, the first of its repository'(what, book) {
      await pushImage(what, book, { tags: ['one'], into: 'loss/fresh/image' })
    },

    async 'a manifest with a tag that is there already'(what, book) {
      await pushImage(what, book, { tags: ['moved'] })
      await pushImage(what, book, { tags: ['moved'] })
    },

    'a manifest by digest': (what, book) => pushImage(what, book, { tags: [] }),
    'a manifest with three tags': (what, book) => pushImage(what, book, { tags: ['a', 'b', 'c'] }),

    async 'a manifest that is there already, with another tag'(what, book) {
      const manifest = await pushImage(what, book, { tags: ['first'] })
      await book.pushManifest(what, { repository, manifest, tags: ['second'] })
    },

    async 'a manifest with a subject'(what, book) {
      const subject = await pushImage(what, book, { tags: [] })
      const blob = await book.pushBlob(what, { repository })
      await book.pushManifest(what, {
        repository,
        manifest: imageOf([blob], { name: what, subject }),
        tags: ['signed'],
      })
    },

    async 'an index'(what, book) {
      const children = [await pushImage(what, book, { tags: [] }), await pushImage(what, book, { tags: [] })]
      await book.pushManifest(what, { repository, manifest: indexOf(children, what), tags: ['many'] })
    },
  }

  async function pushImage(
    what: string,
    book: PromiseBook,
    { tags, into = repository }: { tags: string[]; into?: string },
  ) {
    const blob = await book.pushBlob(what, { repository: into })
    const manifest = imageOf([blob], { name: `${what} ${random.below(1e9)}` })
    return book.pushManifest(what, { repository: into, manifest, tags })
  }

  before('the pushes are recorded', async function () {
    requireTool(this, 'strace')
    const watched = freshFolder()
    // Not there yet: the server makes it.
    const root = path.join(watched, 'not/yet/there')
    const server = await startRecorded({ storage: 'filesystem', root, workers: 2 })
    const book = openPromiseBook({ url: server.url, root }, random)
    try {
      await Promise.all(Object.entries(pushes).map(([what, push]) => push(what, book, server.url)))
    } finally {
      await server.stop()
    }
    found = breaches({ calls: await server.calls(), watched, existing: [], promises: book.promises, exempt })
  })

  for (const what of Object.keys(pushes)) {
    it(what, () => assert.deepEqual(distinct(found?.filter((breach) => breach.startsWith(`${what}: `))), []))
  }

  it('no file has its final name before all of its bytes are on disk', () => {
    const isOfPush = (breach: string): boolean => Object.keys(pushes).some((what) => breach.startsWith(`${what}: `))
    assert.deepEqual(distinct(found?.filter((breach) => !isOfPush(breach))), [])
  })

  it('bytes that a killed server had received, but not synced, are synced when another one finishes the upload', async () => {
    const root = freshFolder()
    const session: PushSession = { repository, blob: randomContent(random), acknowledged: 0 }
    const { bytes } = session.blob
    const killed = await startRecorded({ storage: 'filesystem', root, workers: 1 })
    await startUpload(killed.url, session)
    const location = session.location as string
    const connection = await connectRaw(killed)
    await connection.send(requestText('PATCH', location, { headers: { 'Transfer-Encoding': 'chunked' } }))
    // Enough for the server to write it, and no end.
    const padding = random.bytes(1024 * 1024)
    const all = Buffer.concat([bytes, padding])
    session.blob = { bytes: all, digest: digestOf(all) }
    await connection.send(Buffer.concat([Buffer.from(`${all.length.toString(16)}\r\n`), all, Buffer.from('\r\n')]))
    const id = location.split('/').at(-1)?.split('?')[0] as string
    const data = uploadDataFile(root, repository, id)
    for (let size = 0; size === 0; await sleep(50)) size = fs.existsSync(data) ? fs.statSync(data).size : 0
    await sleep(300)
    const received = fs.statSync(data).size
    await killed.kill()
    connection.cut()

    session.blob = { bytes: all.subarray(0, received), digest: digestOf(all.subarray(0, received)) }
    const server = await startRecorded({ storage: 'filesystem', root, workers: 1 })
    const book = openPromiseBook({ url: server.url, root }, random)
    const what = 'an upload that was cut by kill -9'
    book.blob(what, { ...session, answer: await finish(server.url, session) })
    await server.stop()

    const calls = joined(await killed.calls(), await server.calls())
    assert.deepEqual(breaches({ calls, watched: root, existing: [], promises: book.promises, exempt }), [])
  })
})

/** The same breach stands in the report once for each request that it hits. */
function distinct(list: readonly string[] | undefined): string[] {
  assert.ok(list, 'nothing was recorded')
  return [...new Set(list)].slice(0, 10)
}
