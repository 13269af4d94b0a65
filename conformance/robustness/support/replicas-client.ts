// A client of replicas that die: pushes and pulls at random, tries again what failed cleanly, and keeps the ledger of what was acknowledged.
import assert from 'node:assert/strict'
import { digestOf } from '../../../testing/digest-of.ts'
import type { Answer } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import { imageOf, partsOf, type Content, type ManifestContent } from './content.ts'
import type { Subject } from './ledger.ts'
import { expectStatus, pushForms, Refusal, resume, type PushSession } from './push-forms.ts'
import { blobSubject, type World } from './pusher.ts'
import type { Retries } from './replicas-retries.ts'
import type { Random } from './seeded-random.ts'

export interface ReplicasWorld extends World {
  /** What any client may pull, for a push of it was answered with 201. */
  acknowledged: Subject[]
  pushes: Retries
  pulls: Retries
}

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
/** An upload that a dead server's lock still holds, that moved since it was asked for, or that its end has reached unnoticed: begin or ask again. */
const askAgain = [404, 409, 416]

export function createReplicasClient(world: ReplicasWorld, name: string, random: Random): { act(): Promise<void> } {
  const { ledger, pushes, pulls } = world
  const ownTags = [`${name}-a`, `${name}-b`]
  let count = 0
  let latest: { repository: string; blob: Content } | undefined
  let subject: { repository: string; manifest: ManifestContent } | undefined

  /** Notes what is about to change, and that it was acknowledged, however many attempts that took. */
  async function change(subjects: readonly [Subject, string][], send: () => Promise<unknown>): Promise<void> {
    const attempts = subjects.map(([each, value]) => ledger.attempt(each, value))
    await send()
    attempts.forEach((attempt) => attempt.acknowledge())
    world.acknowledged.push(...subjects.map(([each]) => each))
  }

  async function pushBlob(repository: string, blob = randomBlob(random)): Promise<Content> {
    // Its name is enough for those who look at the end; the bytes of all would not fit into memory.
    if (!world.contents.has(blob.digest)) world.contents.set(blob.digest, { digest: blob.digest, bytes: Buffer.of() })
    const how = random.pick(Object.keys(pushForms))
    const form = pushForms[how] ?? assert.fail()
    const session: PushSession = { repository, blob, acknowledged: 0 }
    const send = async (attempt: number): Promise<Answer> => {
      const goesOn = attempt > 1 && session.location !== undefined && random.chance(0.5)
      const answer = goesOn ? await resume(world.url, session) : await form(world.url, session, random)
      return expectStatus(201, `attempt ${attempt} of a push (${how}) of ${blob.digest}`, answer)
    }
    await change([[blobSubject(repository, blob), blob.digest]], () => pushes.until(send, askAgain))
    return blob
  }

  async function pushManifest(repository: string, manifest: ManifestContent, tags: readonly string[]): Promise<void> {
    world.contents.set(manifest.digest, manifest)
    const byQuery = tags.length > 1 || random.chance(0.3)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const path = `/v2/${repository}/manifests/${byQuery ? `${manifest.digest}?${query}` : tags[0]}`
    const request = { method: 'PUT', path, headers: { 'Content-Type': manifest.mediaType }, body: manifest.bytes }
    const subjects: [Subject, string][] = [
      [{ kind: 'manifest', repository, name: manifest.digest }, manifest.digest],
      ...tags.map((tag): [Subject, string] => [{ kind: 'tag', repository, name: tag }, manifest.digest]),
    ]
    const put = async (): Promise<Answer> => expectStatus(201, `PUT of ${path}`, await ask(world.url, request))
    await change(subjects, () => pushes.until(put))
  }

  async function pushImage(): Promise<void> {
    const repository = random.pick(world.repositories)
    const config = await pushBlob(repository)
    const layers = random.chance(0.5) ? [await pushBlob(repository)] : []
    const refersTo = subject?.repository === repository && random.chance(0.3) ? { subject: subject.manifest } : {}
    const manifest = imageOf([config, ...layers], { name: `${name} ${++count}`, ...refersTo })
    const moved = random.chance(0.3) ? random.pick(world.sharedTags) : random.pick(ownTags)
    await pushManifest(repository, manifest, random.chance(0.3) ? [moved, `${name}-${count}`] : [moved])
    subject = { repository, manifest }
  }

  /** The answer's digest is that of its bytes, whatever came before; what is not there, or has other bytes, is thrown at once. */
  async function get({ kind, repository, name: reference }: Subject): Promise<{ digest: string; answer: Answer }> {
    const path = `/v2/${repository}/${kind === 'blob' ? 'blobs' : 'manifests'}/${reference}`
    return pulls.until(async () => {
      const answer = await ask(world.url, { path, headers: { Accept: '*/*' } })
      if (answer.status !== 200) throw new Refusal(`GET of ${path}`, answer)
      const digest = kind === 'tag' ? String(answer.headers['docker-content-digest']) : reference
      assert.equal(digestOf(answer.body, digest.split(':', 1)[0]), digest, `${path} has other bytes than its digest`)
      assert.ok(world.contents.has(digest), `${path} is ${digest}, which nobody pushed`)
      return { digest, answer }
    })
  }

  /** As docker does: the manifest, then everything that it names. */
  async function pull(wanted: Subject): Promise<void> {
    const { answer } = await get(wanted)
    if (wanted.kind !== 'tag') return
    const { repository } = wanted
    for (const blob of partsOf(answer.body).blobs) await get({ kind: 'blob', repository, name: blob })
  }

  const actions = {
    pull: () => pull(random.pick(world.acknowledged)),
    image: pushImage,

    async blob() {
      const repository = random.pick(world.repositories)
      latest = { repository, blob: await pushBlob(repository) }
    },

    async samePushTwice() {
      if (latest !== undefined) await pushBlob(latest.repository, latest.blob)
    },

    async mount() {
      if (latest === undefined) return
      const { repository: from, blob } = latest
      const repository = random.pick(world.repositories)
      const path = `/v2/${repository}/blobs/uploads/?mount=${blob.digest}&from=${from}`
      const post = async (): Promise<Answer> =>
        expectStatus(201, `a mount from ${from}`, await ask(world.url, { method: 'POST', path }))
      await change([[blobSubject(repository, blob), blob.digest]], () => pushes.until(post))
    },
  }
  const deck = ['pull', 'pull', 'pull', 'pull', 'blob', 'blob', 'image', 'image', 'samePushTwice', 'mount'] as const

  return {
    act: () => actions[world.acknowledged.length === 0 ? 'blob' : random.pick(deck)](),
  }
}

/** Mostly small, now and then of several parts; seldom under sha512. */
function randomBlob(random: Random): Content {
  const most = random.chance(0.08) ? 20 * mebibyte : random.chance(0.2) ? 2 * mebibyte : 32 * kibibyte
  const bytes = random.bytes(random.between(1, most))
  return { bytes, digest: digestOf(bytes, random.chance(0.1) ? 'sha512' : 'sha256') }
}
