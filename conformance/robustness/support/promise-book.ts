// Pushes content and notes for each 201 what it promises to have put on disk.
import assert from 'node:assert/strict'
import { digestOf } from '../../../testing/digest-of.ts'
import type { Answer } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import type { Promised } from './check-durability.ts'
import type { Content, ManifestContent } from './content.ts'
import { blobPaths, manifestPaths } from './promised-paths.ts'
import { pushForms } from './push-forms.ts'
import type { Random } from './seeded-random.ts'

export interface PromiseBook {
  /** By the id of the request that was answered with 201. */
  promises: Map<string, Promised>
  blob(what: string, push: { repository: string; blob: Content; answer: Answer }): void
  pushBlob(what: string, push: { repository: string; blob?: Content; form?: string }): Promise<Content>
  pushManifest(what: string, push: ManifestPush): Promise<ManifestContent>
}

export interface ManifestPush {
  repository: string
  manifest: ManifestContent
  /** More than one go into the query. */
  tags?: readonly string[]
}

const blobBytes = 20_000

export function openPromiseBook({ url, root }: { url: string; root: string }, random: Random): PromiseBook {
  const promises = new Map<string, Promised>()

  function note(answer: Answer, promised: Promised): void {
    assert.equal(answer.status, 201, `${promised.what}: ${answer.body.toString()}`)
    promises.set(String(answer.headers['x-request-id']), promised)
  }

  const book: PromiseBook = {
    promises,

    blob(what, { repository, blob, answer }) {
      note(answer, { what, files: blobPaths(root, repository, blob.digest), pointers: [] })
    },

    async pushBlob(what, { repository, blob = randomContent(random), form = 'one POST' }) {
      const push = pushForms[form] ?? assert.fail(`no form ${form}`)
      book.blob(what, { repository, blob, answer: await push(url, { repository, blob, acknowledged: 0 }, random) })
      return blob
    },

    async pushManifest(what, { repository, manifest, tags = [] }) {
      const [tag = manifest.digest] = tags
      const query = tags.length > 1 ? `?${tags.map((each) => `tag=${each}`).join('&')}` : ''
      const path = `/v2/${repository}/manifests/${query === '' ? tag : manifest.digest}${query}`
      const headers = { 'Content-Type': manifest.mediaType }
      const answer = await ask(url, { method: 'PUT', path, headers, body: manifest.bytes })
      note(answer, { what, ...manifestPaths(root, repository, { manifest, tags }) })
      return manifest
    },
  }
  return book
}

export function randomContent(random: Random): Content {
  const bytes = random.bytes(blobBytes)
  return { bytes, digest: digestOf(bytes) }
}
