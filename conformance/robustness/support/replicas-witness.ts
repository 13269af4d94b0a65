// A client that changes a repository of its own through the load balancer, and holds every replica to each acknowledged change at once.
import assert from 'node:assert/strict'
import type { Answer, ExchangeRequest } from '../../../testing/exchange.ts'
import type { Replicas } from '../../../testing/start-replicas.ts'
import { ask } from './ask.ts'
import { imageOf, randomBlob, type Content } from './content.ts'
import { demand, demandPush } from './replicas-round.ts'
import type { Random } from './seeded-random.ts'

export interface Witness {
  /** A few changes and looks. Rejects when a request is not answered as it must be, at its first attempt. */
  act(): Promise<void>
  /** Everything that was pushed and kept is on every replica, byte by byte, and nothing that was deleted is on any. */
  assertAll(): Promise<void>
}

/** All witnesses move it, in one repository. */
export interface SharedTag {
  repository: string
  tag: string
}

const mostKept = 20

export function createWitness(
  { url, servers }: Replicas,
  { repository, shared }: { repository: string; shared: SharedTag },
  random: Random,
): Witness {
  const kept: Content[] = []
  const deleted: Content[] = []
  let count = 0

  const blobPath = ({ digest }: Content): string => `/v2/${repository}/blobs/${digest}`
  const everywhere = (status: number, request: ExchangeRequest): Promise<Answer[]> =>
    Promise.all(servers.map((server) => demand(server.url, status, request)))

  async function assertPresent(blob: Content): Promise<void> {
    await everywhere(200, { method: 'HEAD', path: blobPath(blob) })
    const answer = await demand(random.pick(servers).url, 200, { path: blobPath(blob) })
    assert.ok(answer.body.equals(blob.bytes), `${blob.digest} has other bytes`)
  }

  async function assertAbsent(blob: Content): Promise<void> {
    await everywhere(404, { method: 'HEAD', path: blobPath(blob) })
    await demand(random.pick(servers).url, 404, { path: blobPath(blob) })
  }

  async function push(blob: Content): Promise<void> {
    await demandPush(url, repository, blob, random)
    await assertPresent(blob)
    kept.push(blob)
  }

  /** Asked for all the time until it is gone: what was found before must not be remembered after. */
  async function remove(blob: Content): Promise<void> {
    const gone = new AbortController()
    const readers = servers.map(async (server) => {
      while (!gone.signal.aborted) {
        const { status } = await ask(server.url, { method: 'HEAD', path: blobPath(blob) })
        assert.ok([200, 404].includes(status), `HEAD of a blob while it is deleted: ${status}`)
      }
    })
    try {
      await demand(url, 202, { method: 'DELETE', path: blobPath(blob) })
      await assertAbsent(blob)
    } finally {
      gone.abort()
      await Promise.all(readers)
    }
    await assertAbsent(blob)
    deleted.push(blob)
  }

  async function pushImage(): Promise<void> {
    const blob = randomBlob(random)
    await push(blob)
    const manifest = imageOf([blob], { name: `${repository} ${++count}` })
    const headers = { 'Content-Type': manifest.mediaType }
    const path = `/v2/${repository}/manifests/v1`
    await demand(url, 201, { method: 'PUT', path, headers, body: manifest.bytes })
    for (const { body } of await everywhere(200, { path }))
      assert.ok(body.equals(manifest.bytes), 'a replica has another manifest at the tag')
    await demand(url, 202, { method: 'DELETE', path: `/v2/${repository}/manifests/${manifest.digest}` })
    await everywhere(404, { path })
    await everywhere(404, { path: `/v2/${repository}/manifests/${manifest.digest}` })
  }

  async function moveSharedTag(): Promise<void> {
    const blob = randomBlob(random)
    await demandPush(url, shared.repository, blob, random)
    const manifest = imageOf([blob], { name: `${repository} shared ${++count}` })
    const path = `/v2/${shared.repository}/manifests/${shared.tag}`
    const headers = { 'Content-Type': manifest.mediaType }
    await demand(url, 201, { method: 'PUT', path, headers, body: manifest.bytes })
    await everywhere(200, { path })
  }

  const actions = {
    push: () => push(randomBlob(random)),
    pushImage,
    moveSharedTag,

    async remove() {
      const [blob] = kept.splice(random.below(kept.length), 1)
      if (blob !== undefined) await remove(blob)
    },

    async pushAgain() {
      const [blob] = deleted.splice(random.below(deleted.length), 1)
      if (blob !== undefined) await push(blob)
    },

    async lookAgain() {
      if (kept.length > 0) await assertPresent(random.pick(kept))
      if (deleted.length > 0) await assertAbsent(random.pick(deleted))
    },
  }
  const deck = ['push', 'push', 'remove', 'remove', 'pushAgain', 'lookAgain', 'pushImage', 'moveSharedTag'] as const

  return {
    act: () => actions[kept.length > mostKept ? 'remove' : random.pick(deck)](),

    async assertAll() {
      for (const blob of kept) {
        for (const { body } of await everywhere(200, { path: blobPath(blob) }))
          assert.ok(body.equals(blob.bytes), `${blob.digest} has other bytes`)
      }
      for (const blob of deleted) await assertAbsent(blob)
    },
  }
}
