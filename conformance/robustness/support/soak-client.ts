// One of the clients of the soak: random pushes, pulls, aborts, deletes and listings over a fixed set of content, everything pulled checked.
import assert from 'node:assert/strict'
import http from 'node:http'
import { digestOf } from '../../../testing/digest-of.ts'
import type { Answer } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import { imageOf, indexOf, type Content, type ManifestContent } from './content.ts'
import { pushForms, Refusal, startUpload } from './push-forms.ts'
import type { Random } from './seeded-random.ts'

/** Everything that is ever pushed: the disk holds no more than this, however long the soak takes. */
export interface SoakContent {
  repositories: readonly string[]
  blobs: readonly Content[]
  manifests: readonly ManifestContent[]
  tags: readonly string[]
}

export interface Tally {
  requests: number
  bytesPulled: number
  /** How often each thing was done. */
  actions: Map<string, number>
}

export function makeSoakContent(random: Random): SoakContent {
  const sizes = [100, 4_000, 30_000, 200_000, 1_500_000, 4_000_000]
  const blobs = Array.from({ length: 48 }, (_, at) => {
    const bytes = random.bytes(sizes[at % sizes.length] as number)
    return { bytes, digest: digestOf(bytes) }
  })
  const images = Array.from({ length: 30 }, (_, at) =>
    imageOf([random.pick(blobs), random.pick(blobs)], { name: `image ${at}` }),
  )
  const referrers = images
    .slice(0, 10)
    .map((subject, at) => imageOf([random.pick(blobs)], { name: `referrer ${at}`, subject }))
  const indexes = images.slice(10, 15).map((image, at) => indexOf([image], `index ${at}`))
  return {
    repositories: ['soak/one', 'soak/two', 'soak/three/deep'],
    blobs,
    manifests: [...images, ...referrers, ...indexes],
    tags: Array.from({ length: 25 }, (_, at) => `v${at}`),
  }
}

/** Does one random thing. Rejects when the answer is one that no client should ever get. */
export function createSoakClient(
  url: string,
  content: SoakContent,
  random: Random,
): { act(tally: Tally): Promise<void> } {
  const contents = new Map([...content.blobs, ...content.manifests].map((each) => [each.digest, each]))

  async function send(tally: Tally, question: Parameters<typeof ask>[1], ...expected: number[]): Promise<Answer> {
    tally.requests++
    const answer = await ask(url, question)
    if (!expected.includes(answer.status)) throw new Refusal(`${question.method ?? 'GET'} ${question.path}`, answer)
    return answer
  }

  function assertRight({ body }: Answer, digest: string, tally: Tally): void {
    tally.bytesPulled += body.length
    assert.ok(contents.get(digest)?.bytes.equals(body), `${digest} was pulled with other bytes`)
  }

  const path = (kind: string, reference: string): string =>
    `/v2/${random.pick(content.repositories)}/${kind}/${reference}`

  const actions: Record<string, (tally: Tally) => Promise<unknown>> = {
    async push(tally) {
      const push = pushForms[random.pick(Object.keys(pushForms))] ?? assert.fail()
      tally.requests++
      const session = {
        repository: random.pick(content.repositories),
        blob: random.pick(content.blobs),
        acknowledged: 0,
      }
      const answer = await push(url, session, random)
      if (answer.status !== 201) throw new Refusal('the end of a push', answer)
    },

    async 'push manifest'(tally) {
      const { digest, bytes, mediaType } = random.pick(content.manifests)
      const reference = random.chance(0.8) ? random.pick(content.tags) : digest
      const headers = { 'Content-Type': mediaType }
      // 400: someone has just deleted one of its blobs.
      await send(tally, { method: 'PUT', path: path('manifests', reference), headers, body: bytes }, 201, 400)
    },

    async 'pull blob'(tally) {
      const { digest } = random.pick(content.blobs)
      const answer = await send(tally, { path: path('blobs', digest) }, 200, 404)
      if (answer.status === 200) assertRight(answer, digest, tally)
    },

    async 'pull manifest'(tally) {
      const answer = await send(tally, { path: path('manifests', random.pick(content.tags)) }, 200, 404)
      if (answer.status === 200) assertRight(answer, String(answer.headers['docker-content-digest']), tally)
    },

    'abort pull': (tally) => {
      tally.requests++
      return abortPull(new URL(path('blobs', random.pick(content.blobs).digest), url))
    },

    async 'abort push'(tally) {
      tally.requests++
      const { bytes, digest } = random.pick(content.blobs)
      const session = { repository: random.pick(content.repositories), blob: { bytes, digest }, acknowledged: 0 }
      await startUpload(url, session)
      await abortPush(new URL((session as { location?: string }).location as string, url), bytes, random)
    },

    head: (tally) => send(tally, { method: 'HEAD', path: path('manifests', random.pick(content.tags)) }, 200, 404),
    'list tags': (tally) => send(tally, { path: `${path('tags', 'list')}?n=10` }, 200, 404),
    catalog: (tally) => send(tally, { path: '/v2/_catalog' }, 200),
    referrers: (tally) => send(tally, { path: path('referrers', random.pick(content.manifests).digest) }, 200),

    'delete tag': (tally) =>
      send(tally, { method: 'DELETE', path: path('manifests', random.pick(content.tags)) }, 202, 404),
    'delete manifest': (tally) =>
      send(tally, { method: 'DELETE', path: path('manifests', random.pick(content.manifests).digest) }, 202, 404),
    'delete blob': (tally) =>
      send(tally, { method: 'DELETE', path: path('blobs', random.pick(content.blobs).digest) }, 202, 404),
  }

  const often = ['push', 'push', 'push', 'push manifest', 'push manifest', 'pull blob', 'pull blob', 'pull manifest']
  const deck = [...often, ...Object.keys(actions)]

  return {
    async act(tally) {
      const name = random.pick(deck)
      tally.actions.set(name, (tally.actions.get(name) ?? 0) + 1)
      await actions[name]?.(tally)
    },
  }
}

/** Leaves after the first bytes. */
function abortPull(url: URL): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false }, (response) => {
      response.once('data', () => request.destroy())
      response.once('end', resolve)
    })
    request.on('error', () => resolve())
    request.once('close', resolve)
  })
}

/** Announces all and leaves in the middle. */
function abortPush(url: URL, bytes: Buffer, random: Random): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'Content-Length': bytes.length }
    const request = http.request(url, { agent: false, method: 'PATCH', headers })
    request.on('error', () => resolve())
    request.once('close', resolve)
    request.write(bytes.subarray(0, random.below(bytes.length) + 1), () => request.destroy())
  })
}
