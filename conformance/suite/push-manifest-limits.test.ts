/** spec, Pushing Manifests: how large a manifest may be. */
import assert from 'node:assert/strict'

import { type Content, imageManifest, mediaTypes, randomConfig } from './support/content.ts'
import { assertBody, assertRefused, assertStatus } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { assertAlive, manifestPath, pushBlob, pushManifest, putManifest } from './support/push.ts'
import { openConnection, requestHead } from './support/raw-socket.ts'
import { describeConformance } from './support/target.ts'

const mebibyte = 1024 * 1024

describeConformance('the size of manifests', (registry) => {
  /** An image manifest of exactly so many bytes, its blobs pushed. */
  const manifestOfSize = async (repository: string, size: number): Promise<Content> => {
    const config = randomConfig()
    await pushBlob(registry, repository, config)
    const bare = imageManifest(config, [], { annotations: { padding: '' } })
    return imageManifest(config, [], { annotations: { padding: 'x'.repeat(size - bare.bytes.length) } })
  }

  for (const [what, size] of [
    ['4,000,000 bytes', 4_000_000],
    ['4 MiB, to the byte', 4 * mebibyte],
  ] as const) {
    it(`registries "SHOULD expect to be able to support manifest pushes of at least 4 megabytes": ${what}`, async () => {
      const repository = newRepository()
      const manifest = await manifestOfSize(repository, size)
      assert.equal(manifest.bytes.length, size)

      await pushManifest(registry, repository, manifest, 'large')

      assertBody(await registry.get(manifestPath(repository, 'large'), { Accept: manifest.mediaType }), manifest.bytes)
    })
  }

  it('"A registry SHOULD enforce some limit on the maximum manifest size", and "SHOULD respond to a request to push a manifest over this limit with a response code `413 Payload Too Large`" (64 MiB)', async () => {
    const connection = await openConnection(registry)
    const headers = { 'Content-Type': mediaTypes.ociManifest, 'Content-Length': String(64 * mebibyte) }
    await connection.write(requestHead(registry, 'PUT', manifestPath(newRepository(), newTag()), headers))

    const block = Buffer.alloc(mebibyte, ' ')
    for (let sent = 0; sent < 64 && !connection.hasInput; sent++) await connection.write(block)
    const head = await connection.readHead()
    connection.cut()

    assert.equal(head?.status, 413)
    await assertAlive(registry)
  })

  it('a manifest over the limit, however it is refused, is not stored', async () => {
    const repository = newRepository()
    const manifest = await manifestOfSize(repository, 5 * mebibyte)

    const answer = await putManifest(registry, repository, manifest, 'huge')

    if (answer.status === 201) return
    assertRefused(answer)
    assertStatus(await registry.get(manifestPath(repository, 'huge')), 404)
  })

  describe('Lading promises', () => {
    for (const [how, framing] of [
      ['with Content-Length', {}],
      ['streamed without Content-Length', { 'Transfer-Encoding': 'chunked' }],
    ] as const) {
      it(`a manifest of 5 MiB is refused with 413, readably (${how})`, async () => {
        const repository = newRepository()
        const manifest = await manifestOfSize(repository, 5 * mebibyte)

        const answer = await registry.put(manifestPath(repository, 'huge'), manifest.bytes, {
          'Content-Type': manifest.mediaType,
          ...framing,
        })

        assertStatus(answer, 413)
        assertStatus(await registry.get(manifestPath(repository, 'huge')), 404)
        await assertAlive(registry)
      })
    }
  })
})
