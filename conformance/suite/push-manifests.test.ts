/** spec, Pushing Manifests. */
import assert from 'node:assert/strict'

import {
  blobOf,
  imageManifest,
  mediaTypes,
  randomBlob,
  randomConfig,
  randomLayer,
  withAlgorithm,
} from './support/content.ts'
import { assertBody, assertDigest, assertRefused, assertStatus, errorsOf, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import {
  locationOf,
  manifestPath,
  prepareImage,
  pushBlob,
  pushBlobs,
  pushImage,
  pushManifest,
  putManifest,
} from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('pushing manifests', (registry) => {
  it('"Upon a successful upload, the registry MUST return response code `201 Created`", and Location "a pullable manifest URL" (by tag)', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    const answer = await pushManifest(registry, repository, image, newTag())

    const pulled = await registry.get(locationOf(answer), { Accept: image.mediaType })
    assertStatus(pulled, 200)
    assertBody(pulled, image.bytes)
  })

  it('"the registry MUST return response code `201 Created`", and Location "a pullable manifest URL" (by digest)', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    const answer = await pushManifest(registry, repository, image)

    assertBody(await registry.get(locationOf(answer), { Accept: image.mediaType }), image.bytes)
  })

  it('"The Docker-Content-Digest header returns the digest of the uploaded blob, and MUST be equal to the client provided digest"', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    assertDigest(await pushManifest(registry, repository, image), image.digest)
  })

  it('a manifest pushed by tag can be pulled by its digest', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)

    assertBody(await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType }), image.bytes)
  })

  it('a tag that is pushed again points to the new manifest, and the old one stays by digest', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const old = await pushImage(registry, repository, tag)
    const newer = await pushImage(registry, repository, tag)

    assertDigest(await registry.head(manifestPath(repository, tag), { Accept: newer.mediaType }), newer.digest)
    assertStatus(await registry.head(manifestPath(repository, old.digest), { Accept: old.mediaType }), 200)
  })

  it('the same manifest pushed again is accepted again', async () => {
    const repository = newRepository()
    const image = await pushImage(registry, repository)

    await pushManifest(registry, repository, image)
    await pushManifest(registry, repository, image, newTag())
  })

  it('"The registry MUST store the manifest in the exact byte representation provided by the client": odd white space, key order and escapes', async () => {
    const repository = newRepository()
    const [config, layer] = [randomConfig(), randomLayer()]
    await pushBlobs(registry, repository, [config, layer])
    const plain = imageManifest(config, [layer], { annotations: { key: 'value' } })
    const odd = plain.bytes
      .toString()
      .replaceAll('\n', '\r\n\t ')
      .replace('"value"', String.raw`"\u0076al\/ü\ud83d\ude00"`)
    const manifest = blobOf(`\n ${odd}\n\n`, plain.mediaType)

    await pushManifest(registry, repository, manifest, 'odd')

    for (const reference of ['odd', manifest.digest]) {
      assertBody(
        await registry.get(manifestPath(repository, reference), { Accept: manifest.mediaType }),
        manifest.bytes,
      )
    }
  })

  it('"The registry SHOULD ignore parameters on the `Content-Type` header" of a push', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)

    const answer = await registry.put(manifestPath(repository, 'charset'), image.bytes, {
      'Content-Type': `${image.mediaType}; charset=utf-8`,
    })

    assertStatus(answer, 201)
    const pulled = await registry.get(manifestPath(repository, 'charset'), { Accept: image.mediaType })
    assert.equal(requiredHeader(pulled, 'content-type'), image.mediaType)
  })

  it('"A registry MAY reject a manifest … with descriptors in other fields that reference a manifest or blob that does not exist", then "it MUST result in one or more `MANIFEST_BLOB_UNKNOWN` errors"', async () => {
    const answer = await putManifest(
      registry,
      newRepository(),
      imageManifest(randomConfig(), [randomLayer()]),
      newTag(),
    )

    if (answer.status === 201) return
    assertRefused(answer)
    for (const { code } of errorsOf(answer)) assert.equal(code, 'MANIFEST_BLOB_UNKNOWN')
  })

  it('a manifest under a digest that is not its own is refused with 400, and stored under neither', async () => {
    const repository = newRepository()
    const image = await prepareImage(registry, repository)
    const wrong = randomBlob().digest

    assertStatus(await putManifest(registry, repository, image, wrong), 400)

    for (const digest of [wrong, image.digest]) {
      assertStatus(await registry.get(manifestPath(repository, digest), { Accept: image.mediaType }), 404)
    }
  })

  it('a manifest can be pushed and pulled by its sha512 digest', async () => {
    const repository = newRepository()
    const image = withAlgorithm(await prepareImage(registry, repository), 'sha512')

    const answer = await pushManifest(registry, repository, image)

    assertDigest(answer, image.digest)
    const pulled = await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType })
    assertStatus(pulled, 200)
    assertBody(pulled, image.bytes)
  })

  it('a sha512 manifest of sha512 blobs can be pushed by digest and pulled', async () => {
    const repository = newRepository()
    const [config, layer] = [withAlgorithm(randomConfig(), 'sha512'), withAlgorithm(randomLayer(), 'sha512')]
    await pushBlob(registry, repository, config)
    await pushBlob(registry, repository, layer)
    const image = withAlgorithm(imageManifest(config, [layer]), 'sha512')

    await pushManifest(registry, repository, image)

    assertBody(await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType }), image.bytes)
  })

  it('of many clients that push different images to one tag one wins whole: the tag has the exact bytes of its digest', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const images = await Promise.all(Array.from({ length: 8 }, () => prepareImage(registry, repository)))

    await Promise.all(images.map((image) => pushManifest(registry, repository, image, tag)))

    const pulled = await registry.get(manifestPath(repository, tag), { Accept: mediaTypes.ociManifest })
    const winner = images.find((image) => image.digest === pulled.header('docker-content-digest'))
    assert.ok(winner !== undefined)
    assertBody(pulled, winner.bytes)
  })
})
