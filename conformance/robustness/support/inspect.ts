// Looks at a registry after a crash: what clients were told must be true, and what can be seen must be complete.
import assert from 'node:assert/strict'
import { digestOf } from '../../../testing/digest-of.ts'
import { ask } from './ask.ts'
import { partsOf, type ManifestContent } from './content.ts'
import { absent, type Subject } from './ledger.ts'
import { resume } from './push-forms.ts'
import { blobSubject, type World } from './pusher.ts'

const anyManifest = { Accept: '*/*' }
const atOnce = 16

/** Everything that changed since the last look, or everything at all, is what a client may expect it to be. */
export async function assertPromisesKept(world: World, which: 'changed' | 'all'): Promise<void> {
  const { ledger } = world
  await inTurns(which === 'all' ? ledger.subjects() : ledger.unsettled(), async (subject) => {
    const possible = ledger.possible(subject)
    const seen = await look(world, subject)
    assert.ok(
      possible.has(seen),
      `${subject.kind} ${subject.repository} ${subject.name} is ${seen}, and should be one of: ${[...possible].join(', ')}`,
    )
    ledger.settle(subject, seen)
    if (subject.kind === 'manifest' && seen !== absent) await assertListedAsReferrer(world, subject)
  })
}

/** Its digest (of the bytes that were read, not of a header), or `absent`. */
async function look({ url, contents }: World, { kind, repository, name }: Subject): Promise<string> {
  const path = `/v2/${repository}/${kind === 'blob' ? 'blobs' : 'manifests'}/${name}`
  const answer = await ask(url, { path, headers: anyManifest })
  if (answer.status === 404) return absent
  assert.equal(answer.status, 200, `${path}: ${answer.body.toString()}`)
  const told = String(answer.headers['docker-content-digest'])
  const digest = kind === 'tag' ? told : name
  assert.equal(digestOf(answer.body, digest.split(':', 1)[0]), digest, `${path} has other bytes than its digest`)
  assert.ok(contents.has(digest), `${path} is ${digest}, which nobody pushed`)
  return digest
}

async function assertListedAsReferrer({ url, contents }: World, { repository, name }: Subject): Promise<void> {
  const { subject } = contents.get(name) as ManifestContent
  if (subject === undefined) return
  assert.ok((await referrersOf(url, repository, subject)).includes(name), `${name} is not listed under ${subject}`)
}

/** No tag, index or referrers list leads to something missing, and no manifest lacks a blob: also those of nobody's ledger. */
export async function assertSound({ url, contents, repositories }: World): Promise<void> {
  for (const repository of repositories) {
    const known = [...contents.keys()]
    const present = await filterInTurns(known, (digest) => isThere(url, repository, 'manifests', digest))
    for (const tag of await tagsOf(url, repository)) {
      assert.ok(await isThere(url, repository, 'manifests', tag), `${repository}:${tag} is listed and leads to nothing`)
    }
    const manifests = new Set(present)
    await inTurns(present, async (digest) => {
      const { bytes } = contents.get(digest) as ManifestContent
      const { blobs, children } = partsOf(bytes)
      for (const blob of blobs) {
        assert.ok(await isThere(url, repository, 'blobs', blob), `${repository}@${digest} lacks its blob ${blob}`)
      }
      for (const child of children) assert.ok(manifests.has(child), `${repository}@${digest} lacks its child ${child}`)
      for (const referrer of await referrersOf(url, repository, digest)) {
        assert.ok(manifests.has(referrer), `the referrers of ${digest} name ${referrer}, which is missing`)
      }
    })
  }
}

/** Whatever was not finished can be: by going on, or from the beginning. */
export async function finishUnfinished(world: World): Promise<void> {
  for (const session of world.unfinished.splice(0)) {
    const attempt = world.ledger.attempt(blobSubject(session.repository, session.blob), session.blob.digest)
    const answer = await resume(world.url, session)
    assert.equal(answer.status, 201, `the end of an interrupted upload: ${answer.body.toString()}`)
    attempt.acknowledge()
  }
}

export async function tagsOf(url: string, repository: string): Promise<string[]> {
  const answer = await ask(url, { path: `/v2/${repository}/tags/list` })
  if (answer.status === 404) return []
  assert.equal(answer.status, 200, `tags of ${repository}: ${answer.body.toString()}`)
  return (JSON.parse(answer.body.toString()) as { tags: string[] | null }).tags ?? []
}

export async function referrersOf(url: string, repository: string, subject: string): Promise<string[]> {
  const answer = await ask(url, { path: `/v2/${repository}/referrers/${subject}` })
  assert.equal(answer.status, 200, `referrers of ${subject}: ${answer.body.toString()}`)
  return (JSON.parse(answer.body.toString()) as { manifests: { digest: string }[] }).manifests.map(
    (each) => each.digest,
  )
}

async function isThere(url: string, repository: string, kind: string, reference: string): Promise<boolean> {
  const path = `/v2/${repository}/${kind}/${reference}`
  const { status } = await ask(url, { method: 'HEAD', path, headers: anyManifest })
  assert.ok(status === 200 || status === 404, `HEAD ${path}: ${status}`)
  return status === 200
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
    }),
  )
}

async function filterInTurns<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = []
  await inTurns(items, async (item) => void ((await test(item)) && kept.push(item)))
  return kept
}
