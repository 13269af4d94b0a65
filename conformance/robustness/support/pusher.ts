// A client that changes a registry in every way there is, at random, and keeps the ledger of what it was told.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import { imageOf, indexOf, randomBlob, type Content, type ManifestContent } from './content.ts'
import { absent, type Ledger, type Subject } from './ledger.ts'
import { pushForms, startUpload, type PushSession } from './push-forms.ts'
import type { Random } from './seeded-random.ts'

/** What all clients of a run share. */
export interface World {
  url: string
  ledger: Ledger
  /** By digest: everything that anybody ever tried to push. */
  contents: Map<string, Content | ManifestContent>
  repositories: readonly string[]
  /** Tags that every client moves. */
  sharedTags: readonly string[]
  /** Pushes that were not answered: someone finishes them later. */
  unfinished: PushSession[]
}

interface Image {
  repository: string
  manifest: ManifestContent
  tags: string[]
  /** Nobody else's manifest or tag needs it. */
  isMine: boolean
}

export interface Pusher {
  /** One random change. Rejects when the registry breaks the connection, or answers what it should not. */
  act(): Promise<void>
}

export function createPusher(world: World, name: string, random: Random): Pusher {
  const { ledger } = world
  const looseBlobs: { repository: string; blob: Content }[] = []
  const images: Image[] = []
  let count = 0

  const nextName = (): string => `${name}-${++count}`
  const anyRepository = (): string => random.pick(world.repositories)

  async function change(subjects: readonly [Subject, string][], send: () => Promise<Answer>): Promise<Answer> {
    const attempts = subjects.map(([subject, value]) => ledger.attempt(subject, value))
    const answer = await send()
    const expected = subjects.some(([, value]) => value === absent) ? 202 : 201
    if (answer.status !== expected) throw refusal(answer, subjects)
    attempts.forEach((attempt) => attempt.acknowledge())
    return answer
  }

  async function pushBlob(repository: string, blob = randomBlob(random)): Promise<Content> {
    world.contents.set(blob.digest, blob)
    const session: PushSession = { repository, blob, acknowledged: 0 }
    world.unfinished.push(session)
    const form = pushForms[random.pick(Object.keys(pushForms))] as (typeof pushForms)[string]
    await change([[blobSubject(repository, blob), blob.digest]], () => form(world.url, session, random))
    world.unfinished.splice(world.unfinished.indexOf(session), 1)
    return blob
  }

  async function pushManifest(repository: string, manifest: ManifestContent, tags: readonly string[]): Promise<void> {
    world.contents.set(manifest.digest, manifest)
    const [tag = manifest.digest] = tags
    const isByTag = tags.length === 1 && random.chance(0.6)
    const query = tags.map((each) => `tag=${each}`).join('&')
    const reference = isByTag ? tag : manifest.digest
    await change(
      [
        [{ kind: 'manifest', repository, name: manifest.digest }, manifest.digest],
        ...tags.map((each): [Subject, string] => [{ kind: 'tag', repository, name: each }, manifest.digest]),
      ],
      () =>
        ask(world.url, {
          method: 'PUT',
          path: `/v2/${repository}/manifests/${reference}${isByTag || tags.length === 0 ? '' : `?${query}`}`,
          headers: { 'Content-Type': manifest.mediaType },
          body: manifest.bytes,
        }),
    )
  }

  async function pushImage(subject?: ManifestContent, where = anyRepository()): Promise<Image> {
    const blobs: [Content, ...Content[]] = [
      await pushBlob(where),
      ...(random.chance(0.7) ? [await pushBlob(where)] : []),
    ]
    const manifest = imageOf(blobs, { name: nextName(), ...(subject === undefined ? {} : { subject }) })
    // A tag of an earlier image is moved now and then; the image itself stays.
    const known = images.filter(({ repository }) => repository === where).flatMap(({ tags }) => tags)
    const fresh = Array.from({ length: random.below(3) }, () => `t-${nextName()}`)
    const tags = known.length > 0 && random.chance(0.4) ? [random.pick(known)] : fresh
    for (const image of images) {
      if (image.repository === where) image.tags = image.tags.filter((tag) => !tags.includes(tag))
    }
    await pushManifest(where, manifest, tags)
    const image = { repository: where, manifest, tags: [...tags], isMine: true }
    images.push(image)
    return image
  }

  const actions: Record<string, () => Promise<void>> = {
    async blob() {
      const repository = anyRepository()
      looseBlobs.push({ repository, blob: await pushBlob(repository) })
    },

    async image() {
      await pushImage()
    },

    async index() {
      const repository = anyRepository()
      const children = images.filter((image) => image.repository === repository).slice(-3)
      children.forEach((child) => (child.isMine = false))
      if (children.length === 0) return
      const index = indexOf(
        children.map(({ manifest }) => manifest),
        nextName(),
      )
      await pushManifest(repository, index, [`i-${nextName()}`])
    },

    async referrer() {
      const subject = images.length > 0 ? random.pick(images) : undefined
      await pushImage(subject?.manifest, subject?.repository)
    },

    async sharedTag() {
      const image = images.length > 0 ? random.pick(images) : await pushImage()
      image.isMine = false
      await pushManifest(image.repository, image.manifest, [random.pick(world.sharedTags)])
    },

    async mount() {
      const known = looseBlobs.at(-1)
      if (known === undefined) return
      const { digest } = known.blob
      const repository = anyRepository()
      const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${known.repository}`
      await change([[blobSubject(repository, known.blob), digest]], () => ask(world.url, { method: 'POST', path }))
      if (repository !== known.repository) looseBlobs.unshift({ repository, blob: known.blob })
    },

    async samePushTwice() {
      const known = looseBlobs.at(-1)
      if (known !== undefined) await pushBlob(known.repository, known.blob)
    },

    async deleteBlob() {
      const [loose] = looseBlobs.splice(random.below(looseBlobs.length), 1)
      if (loose === undefined) return
      const { repository, blob } = loose
      for (let twin = 0; twin < looseBlobs.length; twin++) {
        const other = looseBlobs[twin]
        if (other?.repository === repository && other.blob.digest === blob.digest) looseBlobs.splice(twin--, 1)
      }
      const path = `/v2/${repository}/blobs/${blob.digest}`
      await change([[blobSubject(repository, blob), absent]], () => ask(world.url, { method: 'DELETE', path }))
    },

    async deleteManifest() {
      const at = images.findIndex(({ isMine }) => isMine)
      const [image] = at === -1 ? [] : images.splice(at, 1)
      if (image === undefined) return
      const { repository, manifest } = image
      // Also a tag that an unanswered change may or may not have moved away.
      const pointing = ledger
        .subjects()
        .filter((subject) => subject.kind === 'tag' && subject.repository === repository)
        .filter((subject) => ledger.possible(subject).has(manifest.digest))
        .map((subject): [Subject, string] => [subject, absent])
      const path = `/v2/${repository}/manifests/${manifest.digest}`
      const itself: [Subject, string] = [{ kind: 'manifest', repository, name: manifest.digest }, absent]
      await change([itself, ...pointing], () => ask(world.url, { method: 'DELETE', path }))
    },

    async deleteTag() {
      const image = images.find(({ tags }) => tags.length > 0)
      const tag = image?.tags.shift()
      if (image === undefined || tag === undefined) return
      const { repository } = image
      const path = `/v2/${repository}/manifests/${tag}`
      await change([[{ kind: 'tag', repository, name: tag }, absent]], () => ask(world.url, { method: 'DELETE', path }))
    },

    async abandonUpload() {
      const blob = randomBlob(random)
      await startUpload(world.url, { repository: anyRepository(), blob, acknowledged: 0 })
    },
  }

  /** A push is what most crashes should meet. */
  const deck = ['blob', 'blob', 'blob', 'image', 'image', 'image', 'sharedTag', ...Object.keys(actions)]

  return {
    async act() {
      await actions[random.pick(deck)]?.()
      if (random.chance(0.2)) await sleep(random.below(5))
    },
  }
}

export function blobSubject(repository: string, { digest }: Content): Subject {
  return { kind: 'blob', repository, name: digest }
}

function refusal({ status, body }: Answer, subjects: readonly [Subject, string][]): Error {
  const [[{ kind, repository, name }, value] = [{ kind: 'blob', repository: '', name: '' }, '']] = subjects
  return new Error(`${kind} ${repository} ${name} -> ${value}: answered ${status} ${body.toString()}`)
}
