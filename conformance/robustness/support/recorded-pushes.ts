// The pushes whose system calls are recorded: every form of blobs and manifests, in new and in old repositories, alone and at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '../../../testing/digest-of.ts'
import { ask } from './ask.ts'
import { imageOf, indexOf, type ManifestContent } from './content.ts'
import { randomContent, type PromiseBook } from './promise-book.ts'
import { finish, patch, pushForms, startUpload, type PushSession } from './push-forms.ts'
import type { Random } from './seeded-random.ts'

export interface RecordedPush {
  book: PromiseBook
  url: string
  random: Random
  /** The push's name, under which its promises are noted. */
  what: string
}

/** Longer than anything that a server might take for "just now". */
const slowPushMs = 12_000
const repository = 'loss/app'
const forms = Object.keys(pushForms)

export const recordedPushes: Record<string, (push: RecordedPush) => Promise<unknown>> = {
  ...Object.fromEntries(
    forms.map((form) => [
      `a blob: ${form}`,
      ({ book, what }: RecordedPush) => book.pushBlob(what, { repository, form }),
    ]),
  ),
  ...Object.fromEntries(
    forms.map((form, at) => [
      `the first blob of a repository: ${form}`,
      ({ book, what }: RecordedPush) => book.pushBlob(what, { repository: `loss/new-${at}/app`, form }),
    ]),
  ),

  async 'an empty blob'({ book, what }) {
    const bytes = Buffer.alloc(0)
    await book.pushBlob(what, { repository, blob: { bytes, digest: digestOf(bytes) }, form: 'POST and PUT' })
  },

  async 'a blob under sha512'({ book, what, random }) {
    const { bytes } = randomContent(random)
    await book.pushBlob(what, { repository, blob: { bytes, digest: digestOf(bytes, 'sha512') } })
  },

  async 'a blob that is there already'({ book, what }) {
    const blob = await book.pushBlob(what, { repository })
    await book.pushBlob(what, { repository, blob, form: 'one streamed PATCH' })
  },

  async 'one blob pushed by many at once'({ book, what, random }) {
    const blob = randomContent(random)
    await Promise.all(
      forms.flatMap((form) => [
        book.pushBlob(what, { repository: 'loss/many/one', blob, form }),
        book.pushBlob(what, { repository: 'loss/many/two', blob, form }),
      ]),
    )
  },

  async 'a mount'({ book, what, url }) {
    const blob = await book.pushBlob(what, { repository })
    const target = 'loss/mounted'
    const query = `mount=${blob.digest}&from=${repository}`
    const answer = await ask(url, { method: 'POST', path: `/v2/${target}/blobs/uploads/?${query}` })
    book.blob(what, { repository: target, blob, answer })
  },

  async 'a push that takes long, as the first of its repository'({ book, what, url, random }) {
    const session: PushSession = { repository: 'loss/slow/app', blob: randomContent(random), acknowledged: 0 }
    await startUpload(url, session)
    await patch(url, session, { body: session.blob.bytes })
    await sleep(slowPushMs)
    book.blob(what, { ...session, answer: await finish(url, session) })
  },

  async 'a manifest with a new tag, the first of its repository'(push) {
    await pushImage(push, ['one'], 'loss/fresh/image')
  },

  async 'a manifest with a tag that is there already'(push) {
    await pushImage(push, ['moved'])
    await pushImage(push, ['moved'])
  },

  'a manifest by digest': (push) => pushImage(push, []),
  'a manifest with three tags': (push) => pushImage(push, ['a', 'b', 'c']),

  async 'a manifest that is there already, with another tag'(push) {
    const manifest = await pushImage(push, ['first'])
    await push.book.pushManifest(push.what, { repository, manifest, tags: ['second'] })
  },

  async 'a manifest with a subject'(push) {
    const { book, what } = push
    const subject = await pushImage(push, [])
    const blob = await book.pushBlob(what, { repository })
    await book.pushManifest(what, { repository, manifest: imageOf([blob], { name: what, subject }), tags: ['signed'] })
  },

  async 'an index'(push) {
    const children = [await pushImage(push, []), await pushImage(push, [])]
    await push.book.pushManifest(push.what, { repository, manifest: indexOf(children, push.what), tags: ['many'] })
  },
}

/** An image like no other, of one layer. */
async function pushImage(push: RecordedPush, tags: readonly string[], into = repository): Promise<ManifestContent> {
  const { book, what, random } = push
  const blob = await book.pushBlob(what, { repository: into })
  const manifest = imageOf([blob], { name: `${what} ${random.below(1e9)}` })
  return book.pushManifest(what, { repository: into, manifest, tags })
}
