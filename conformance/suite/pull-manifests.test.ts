/** spec, Pulling manifests. */
import assert from 'node:assert/strict'

import { imageIndex, mediaTypes, randomDigest } from './support/content.ts'
import { assertBody, assertDigest, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { manifestPath, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pulling manifests', (registry) => {
  it('"A GET request to an existing manifest URL MUST provide the expected manifest, with a response code that MUST be `200 OK`" (by digest)', async () => {
    const repository = newRepository()
    const image = await pushImage(registry, repository)

    const answer = await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType })

    assertStatus(answer, 200)
    assertBody(answer, image.bytes)
  })

  it('"A GET request to an existing manifest URL MUST provide the expected manifest" (by tag)', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    const answer = await registry.get(manifestPath(repository, tag), { Accept: image.mediaType })

    assertStatus(answer, 200)
    assertBody(answer, image.bytes)
  })

  it('"A successful response MUST contain the digest of the uploaded blob in the header `Docker-Content-Digest`"', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    for (const reference of [tag, image.digest]) {
      assertDigest(await registry.get(manifestPath(repository, reference), { Accept: image.mediaType }), image.digest)
    }
  })

  it('"The `Content-Type` header SHOULD match what the client pushed as the manifest\'s `Content-Type`"', async () => {
    const repository = newRepository()
    const image = await pushImage(registry, repository, 'image')
    const index = imageIndex([image])
    await pushManifest(registry, repository, index, 'index')

    for (const [tag, mediaType] of [
      ['image', mediaTypes.ociManifest],
      ['index', mediaTypes.ociIndex],
    ] as const) {
      const answer = await registry.get(manifestPath(repository, tag), { Accept: mediaType })
      assert.equal(answer.header('content-type'), mediaType)
    }
  })

  it('"The registry SHOULD NOT include parameters on the `Content-Type` header"', async () => {
    const repository = newRepository()
    const image = await pushImage(registry, repository)

    const answer = await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType })

    assert.doesNotMatch(requiredHeader(answer, 'content-type'), /;/)
  })

  it('"If the manifest is not found in the repository, the response code MUST be `404 Not Found`" (tag and digest, GET and HEAD)', async () => {
    const repository = newRepository()
    await pushImage(registry, repository, newTag())

    for (const reference of [newTag(), randomDigest()]) {
      assertStatus(await registry.get(manifestPath(repository, reference)), 404)
      assertStatus(await registry.head(manifestPath(repository, reference)), 404)
    }
  })

  it('a manifest of another repository "is not found in the repository": 404', async () => {
    const [first, second] = [newRepository(), newRepository()]
    const image = await pushImage(registry, first)
    await pushImage(registry, second)

    assertStatus(await registry.get(manifestPath(second, image.digest), { Accept: image.mediaType }), 404)
  })

  it('"An attempt to pull a nonexistent repository MUST return response code `404 Not Found`"', async () => {
    const repository = newRepository()

    assertStatus(await registry.get(manifestPath(repository, 'latest')), 404)
    assertStatus(await registry.get(manifestPath(repository, randomDigest())), 404)
  })

  it('"A HEAD request to an existing blob or manifest URL MUST return `200 OK`", with Docker-Content-Digest and the size in Content-Length', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    for (const reference of [tag, image.digest]) {
      const answer = await registry.head(manifestPath(repository, reference), { Accept: image.mediaType })
      assertStatus(answer, 200)
      assertDigest(answer, image.digest)
      assert.equal(answer.header('content-length'), String(image.bytes.length))
    }
  })

  it('HEAD has the same headers as GET (RFC 9110, section 9.3.2)', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    const head = await registry.head(manifestPath(repository, tag), { Accept: image.mediaType })
    const get = await registry.get(manifestPath(repository, tag), { Accept: image.mediaType })

    for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag', 'cache-control']) {
      assert.equal(head.header(name), get.header(name), name)
    }
  })

  it('"A registry MAY choose to ignore the `ns` query parameter": a pull with it works, and OCI-Namespace, if sent, repeats it', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    const answer = await registry.get(`${manifestPath(repository, tag)}?ns=registry.example.org`, {
      Accept: image.mediaType,
    })

    assertStatus(answer, 200)
    assertBody(answer, image.bytes)
    assert.ok([undefined, 'registry.example.org'].includes(answer.header('oci-namespace')))
  })
})
