/** One story for every kind of manifest: what its content needs is pushed, it is pushed, and comes back byte for byte. */
import assert from 'node:assert/strict'

import type { Registry } from './client.ts'
import { type Content, imageManifest, randomConfig } from './content.ts'
import { assertBody, assertDigest, assertStatus } from './expect.ts'
import { newRepository } from './names.ts'
import { manifestPath, pushBlobs, pushManifest } from './push.ts'

/** Pushes what the manifest refers to, and returns the manifest. */
export type Prepare = (registry: Registry, repository: string) => Promise<Content>

export async function assertKept(registry: Registry, prepare: Prepare): Promise<void> {
  const repository = newRepository()
  const manifest = await prepare(registry, repository)

  assertDigest(await pushManifest(registry, repository, manifest, 'kind'), manifest.digest)

  for (const reference of ['kind', manifest.digest]) {
    const answer = await registry.get(manifestPath(repository, reference), { Accept: manifest.mediaType })
    assertStatus(answer, 200)
    assertBody(answer, manifest.bytes)
    assert.equal(answer.header('content-type'), manifest.mediaType)
    assertDigest(answer, manifest.digest)
  }
}

/** Prepares an image of a new config and these layers. */
export function imageWith(layers: () => readonly Content[], fields = {}): Prepare {
  return async (registry, repository) => {
    const [config, all] = [randomConfig(), layers()]
    await pushBlobs(registry, repository, [config, ...new Set(all)])
    return imageManifest(config, all, fields)
  }
}
