/** spec, Listing Referrers, and Pushing Manifests with Subject. */
import assert from 'node:assert/strict'

import type { Registry } from './support/client.ts'
import {
  artifact,
  type Content,
  descriptorOf,
  emptyJson,
  type Fields,
  imageIndex,
  imageManifest,
  mediaTypes,
  randomDigest,
} from './support/content.ts'
import { assertStatus, jsonOf, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { referrersOf } from './support/pages.ts'
import { pushEmptyJson, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const sbom = 'application/vnd.example.sbom.v1'
const signature = 'application/vnd.example.signature.v1'

describeConformance('referrers', (registry) => {
  it('"a registry implementation that supports the referrers API MUST respond with the response header `OCI-Subject: <subject digest>`"', async () => {
    const { repository, image } = await imageIn(registry)

    const answer = await pushManifest(registry, repository, artifact({ subject: descriptorOf(image) }))

    assert.equal(answer.header('oci-subject'), image.digest)
  })

  it('a manifest without a subject gets no OCI-Subject', async () => {
    const { repository } = await imageIn(registry)

    assert.equal((await pushManifest(registry, repository, artifact())).header('oci-subject'), undefined)
  })

  it('"A registry MUST initially accept an otherwise valid manifest with a `subject` field that references a manifest that does not exist in the repository"', async () => {
    const { repository } = await imageIn(registry)
    const subject = { mediaType: mediaTypes.ociManifest, digest: randomDigest(), size: 1234 }
    const referrer = artifact({ subject })

    await pushManifest(registry, repository, referrer)

    const listed = referrersOf(await registry.get(`/v2/${repository}/referrers/${subject.digest}`))
    assert.deepEqual(
      listed.map((descriptor) => descriptor.digest),
      [referrer.digest],
    )
  })

  it('"this request MUST return a `200 OK` response code", and its `Content-Type` header "MUST be set to `application/vnd.oci.image.index.v1+json`"', async () => {
    const { repository, image } = await imageIn(registry)
    await pushManifest(registry, repository, artifact({ subject: descriptorOf(image) }))

    const answer = await registry.get(`/v2/${repository}/referrers/${image.digest}`)

    assertStatus(answer, 200)
    assert.equal(answer.header('content-type'), mediaTypes.ociIndex)
    const index = jsonOf(answer) as { schemaVersion: unknown; mediaType: unknown }
    assert.equal(index.schemaVersion, 2)
    assert.equal(index.mediaType, mediaTypes.ociIndex)
  })

  it('"If a query results in no matching referrers, an empty manifest list MUST be returned"', async () => {
    const { repository, image } = await imageIn(registry)

    for (const digest of [image.digest, randomDigest()]) {
      assert.deepEqual(referrersOf(await registry.get(`/v2/${repository}/referrers/${digest}`)), [])
    }
  })

  it('"the registry MUST NOT return a `404 Not Found` to a referrers API requests": not for a repository that does not exist either', async () => {
    const answer = await registry.get(`/v2/${newRepository()}/referrers/${randomDigest()}`)

    assert.notEqual(answer.status, 404)
    assert.ok(answer.status < 500)
  })

  const invalidDigests = [
    'sha256:short',
    'sha256',
    'sha256:',
    `sha256:${'g'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    'latest',
  ]
  for (const digest of invalidDigests) {
    it(`"such as a \`<digest>\` with an invalid syntax, a \`400 Bad Request\` MUST be returned": ${digest.slice(0, 20)}`, async () => {
      const { repository } = await imageIn(registry)

      assertStatus(await registry.get(`/v2/${repository}/referrers/${digest}`), 400)
    })
  }

  it('"Each descriptor is of an image manifest or index in the same `<name>` namespace": media type, size and digest are its own', async () => {
    const { repository, image } = await imageIn(registry)
    const referrer = artifact({ subject: descriptorOf(image) })
    await pushManifest(registry, repository, referrer, newTag())

    const [listed] = referrersOf(await registry.get(`/v2/${repository}/referrers/${image.digest}`))

    assert.equal(listed?.mediaType, mediaTypes.ociManifest)
    assert.equal(listed?.digest, referrer.digest)
    assert.equal(listed?.size, referrer.bytes.length)
  })

  it('referrers of the same subject in another repository are not listed', async () => {
    const [first, second] = [await imageIn(registry), await imageIn(registry)]
    await pushManifest(registry, first.repository, artifact({ subject: descriptorOf(first.image) }))

    assert.deepEqual(referrersOf(await registry.get(`/v2/${second.repository}/referrers/${first.image.digest}`)), [])
  })

  const artifactTypes: readonly [rule: string, referrer: (subject: Fields) => Content, expected: string | undefined][] =
    [
      [
        '"The descriptors MUST include an `artifactType` field that is set to the value of the `artifactType` in the image manifest"',
        (subject) => artifact({ subject, artifactType: sbom }),
        sbom,
      ],
      ['"or index, if present"', (subject) => imageIndex([], { subject, artifactType: signature }), signature],
      [
        '"If the `artifactType` is empty or missing in the image manifest, the value of `artifactType` MUST be set to the config descriptor `mediaType` value" (missing)',
        (subject) =>
          imageManifest({ ...emptyJson, mediaType: 'application/vnd.example.config' }, [emptyJson], { subject }),
        'application/vnd.example.config',
      ],
      [
        '"If the `artifactType` is empty or missing in the image manifest, …" (empty)',
        (subject) =>
          imageManifest({ ...emptyJson, mediaType: 'application/vnd.example.config' }, [emptyJson], {
            subject,
            artifactType: '',
          }),
        'application/vnd.example.config',
      ],
      [
        '"If the `artifactType` is empty or missing in an index, the `artifactType` MUST be omitted" (missing)',
        (subject) => imageIndex([], { subject }),
        undefined,
      ],
      [
        '"If the `artifactType` is empty or missing in an index, the `artifactType` MUST be omitted" (empty)',
        (subject) => imageIndex([], { subject, artifactType: '' }),
        undefined,
      ],
    ]
  for (const [rule, referrerOf, expected] of artifactTypes) {
    it(rule, async () => {
      const { repository, image } = await imageIn(registry)
      const referrer = referrerOf(descriptorOf(image))
      await pushManifest(registry, repository, referrer)

      const [listed] = referrersOf(await registry.get(`/v2/${repository}/referrers/${image.digest}`))

      assert.equal(listed?.digest, referrer.digest)
      assert.equal(listed?.mediaType, referrer.mediaType)
      assert.equal(listed?.artifactType, expected)
      if (expected === undefined) assert.ok(listed !== undefined && !('artifactType' in listed))
    })
  }

  it('"The descriptors MUST include annotations from the image manifest or index"', async () => {
    const { repository, image } = await imageIn(registry)
    const annotations = { 'org.opencontainers.image.created': '2022-01-01T14:42:55Z', 'org.example.text': 'größe 📦' }
    const referrers = [
      artifact({ subject: descriptorOf(image), annotations }),
      imageIndex([], { subject: descriptorOf(image), annotations }),
    ]
    for (const referrer of referrers) await pushManifest(registry, repository, referrer)

    const listed = referrersOf(await registry.get(`/v2/${repository}/referrers/${image.digest}`))

    assert.equal(listed.length, 2)
    for (const descriptor of listed) assert.deepEqual(descriptor.annotations, annotations)
  })

  it('"The registry SHOULD support filtering on `artifactType`", and then "MUST include a header `OCI-Filters-Applied: artifactType`"', async () => {
    const { repository, image } = await imageIn(registry)
    const wanted = artifact({ subject: descriptorOf(image), artifactType: sbom })
    await pushManifest(registry, repository, wanted)
    await pushManifest(registry, repository, artifact({ subject: descriptorOf(image), artifactType: signature }))

    const answer = await registry.get(
      `/v2/${repository}/referrers/${image.digest}?artifactType=${encodeURIComponent(sbom)}`,
    )

    assert.deepEqual(
      referrersOf(answer).map((descriptor) => descriptor.digest),
      [wanted.digest],
    )
    assert.equal(requiredHeader(answer, 'oci-filters-applied'), 'artifactType')
  })

  it('a filter may come unencoded, as the specification writes it, and without a filter none is said to be applied', async () => {
    const { repository, image } = await imageIn(registry)
    await pushManifest(registry, repository, artifact({ subject: descriptorOf(image), artifactType: sbom }))
    const path = `/v2/${repository}/referrers/${image.digest}`

    assert.equal(referrersOf(await registry.get(`${path}?artifactType=${sbom}`)).length, 1)
    assert.equal((await registry.get(path)).header('oci-filters-applied'), undefined)
  })

  it('a filter that matches nothing answers an empty list, with OCI-Filters-Applied', async () => {
    const { repository, image } = await imageIn(registry)
    await pushManifest(registry, repository, artifact({ subject: descriptorOf(image), artifactType: sbom }))

    const answer = await registry.get(
      `/v2/${repository}/referrers/${image.digest}?artifactType=application/vnd.example.none`,
    )

    assert.deepEqual(referrersOf(answer), [])
    assert.equal(requiredHeader(answer, 'oci-filters-applied'), 'artifactType')
  })
})

async function imageIn(registry: Registry): Promise<{ repository: string; image: Content }> {
  const repository = newRepository()
  await pushEmptyJson(registry, repository)
  return { repository, image: await pushImage(registry, repository) }
}
