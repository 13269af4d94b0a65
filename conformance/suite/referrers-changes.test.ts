/** Referrers that come and go: at once, in numbers, through fallback tags; and lists of many pages. */
import assert from 'node:assert/strict'

import {
  artifact,
  type Content,
  descriptorOf,
  imageIndex,
  mediaTypes,
  randomDigest,
  withAlgorithm,
} from './support/content.ts'
import { newRepository } from './support/names.ts'
import { pagesFrom, referrersOf } from './support/pages.ts'
import { manifestPath, prepareImage, pushEmptyJson, pushImage, pushManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('referrers that come and go', (registry) => {
  let repository: string
  let image: Content

  beforeEach(async () => {
    repository = newRepository()
    await pushEmptyJson(registry, repository)
    image = await pushImage(registry, repository)
  })

  const referrersPath = (digest: string): string => `/v2/${repository}/referrers/${digest}`

  /** The digests of all pages, as they come. */
  const listedDigests = async (path: string): Promise<readonly string[]> => {
    const pages = await pagesFrom(registry, path)
    return pages.flatMap((page) => referrersOf(page).map((descriptor) => descriptor.digest))
  }

  const pushReferrer = async (fields: object = {}): Promise<Content> => {
    const referrer = artifact({ subject: descriptorOf(image), ...fields })
    await pushManifest(registry, repository, referrer)
    return referrer
  }

  it('"Registries MUST include all newly pushed image manifests with a valid `subject` field in the referrers API response": at once', async () => {
    const expected: string[] = []
    for (let i = 0; i < 5; i++) {
      expected.push((await pushReferrer()).digest)
      assert.deepEqual([...(await listedDigests(referrersPath(image.digest)))].sort(), [...expected].sort())
    }
  })

  it('"allowing clients to push a manifest and referrers to that manifest in either order"', async () => {
    const later = await prepareImage(registry, repository)
    const referrer = artifact({ subject: descriptorOf(later) })
    await pushManifest(registry, repository, referrer)
    await pushManifest(registry, repository, later)

    assert.deepEqual(await listedDigests(referrersPath(later.digest)), [referrer.digest])
  })

  it('a referrer pushed twice, by digest and by tag, is listed once', async () => {
    const referrer = await pushReferrer()
    await pushManifest(registry, repository, referrer)
    await pushManifest(registry, repository, referrer, 'again')

    assert.deepEqual(await listedDigests(referrersPath(image.digest)), [referrer.digest])
  })

  it('a deleted referrer is listed no more, the others still are', async function () {
    const [gone, stays] = [await pushReferrer(), await pushReferrer()]

    const deleted = await registry.delete(manifestPath(repository, gone.digest))
    if (deleted.status === 400 || deleted.status === 405) this.skip()

    assert.deepEqual(await listedDigests(referrersPath(image.digest)), [stays.digest])
  })

  it('of twenty referrers attached at the same time none is lost', async () => {
    const referrers = await Promise.all(Array.from({ length: 20 }, () => pushReferrer()))

    const listed = await listedDigests(referrersPath(image.digest))

    assert.deepEqual([...listed].sort(), referrers.map((referrer) => referrer.digest).sort())
  })

  it('a referrer may itself have referrers', async () => {
    const first = await pushReferrer()
    const second = artifact({ subject: descriptorOf(first) })
    await pushManifest(registry, repository, second)

    assert.deepEqual(await listedDigests(referrersPath(first.digest)), [second.digest])
    assert.deepEqual(await listedDigests(referrersPath(image.digest)), [first.digest])
  })

  it('"A `Link` header MUST be included in the response when the descriptor list cannot be returned in a single manifest": every referrer exactly once, no page above 4 MiB', async function () {
    this.timeout(30_000)
    const referrers: Content[] = []
    for (let i = 0; i < 10; i++) {
      referrers.push(await pushReferrer({ annotations: { number: String(i), padding: 'x'.repeat(700_000) } }))
    }

    const pages = await pagesFrom(registry, referrersPath(image.digest))

    const listed = pages.flatMap((page) => referrersOf(page).map((descriptor) => descriptor.digest))
    assert.deepEqual([...listed].sort(), referrers.map((referrer) => referrer.digest).sort())
    for (const page of pages) assert.ok(page.body.length <= 4 * 1024 * 1024, `a page of ${page.body.length} bytes`)
  })

  it('the Link of a filtered list keeps the filter', async function () {
    this.timeout(30_000)
    const artifactType = 'application/vnd.example.wanted+json'
    const wanted: Content[] = []
    for (let i = 0; i < 8; i++) {
      wanted.push(
        await pushReferrer({ artifactType, annotations: { number: String(i), padding: 'x'.repeat(700_000) } }),
      )
      await pushReferrer({ artifactType: 'application/vnd.example.other' })
    }

    const listed = await listedDigests(
      `${referrersPath(image.digest)}?artifactType=${encodeURIComponent(artifactType)}`,
    )

    assert.deepEqual([...listed].sort(), wanted.map((referrer) => referrer.digest).sort())
  })

  describe('the fallback tag (Referrers Tag Schema)', () => {
    const fallbackTag = (digest: string): string => digest.replace(':', '-').slice(0, 71)

    it('"Registries MUST include preexisting image manifests that are listed in an image index tagged with the referrers tag schema": none is missing, none comes twice', async () => {
      const [first, second] = [await pushReferrer(), await pushReferrer()]
      await pushManifest(registry, repository, imageIndex([first, second]), fallbackTag(image.digest))
      const third = await pushReferrer()

      const listed = await listedDigests(referrersPath(image.digest))

      assert.deepEqual([...listed].sort(), [first, second, third].map((referrer) => referrer.digest).sort())
    })

    it('what is listed keeps its annotations and type, though the fallback index has none', async () => {
      const referrer = await pushReferrer({ annotations: { key: 'value' } })
      await pushManifest(registry, repository, imageIndex([referrer]), fallbackTag(image.digest))

      const [listed] = referrersOf(await registry.get(referrersPath(image.digest)))

      assert.deepEqual(listed?.annotations, { key: 'value' })
      assert.equal(listed?.artifactType, 'application/vnd.example.sbom.v1')
    })

    it('a fallback tag that is no index, or lists what has no subject, does not break the list', async () => {
      const referrer = await pushReferrer()
      for (const odd of [await prepareImage(registry, repository), imageIndex([image])]) {
        await pushManifest(registry, repository, odd, fallbackTag(image.digest))

        const listed = await listedDigests(referrersPath(image.digest))

        assert.equal(listed.filter((digest) => digest === referrer.digest).length, 1)
      }
    })

    it('a deleted fallback tag takes no referrer with it', async function () {
      const referrer = await pushReferrer()
      await pushManifest(registry, repository, imageIndex([referrer]), fallbackTag(image.digest))

      const deleted = await registry.delete(manifestPath(repository, fallbackTag(image.digest)))
      if (deleted.status === 400 || deleted.status === 405) this.skip()

      assert.deepEqual(await listedDigests(referrersPath(image.digest)), [referrer.digest])
    })
  })

  describe('Lading promises', () => {
    it('OCI-Subject is said for indexes with a subject and for missing subjects too', async () => {
      const index = imageIndex([], { subject: descriptorOf(image) })
      const orphan = artifact({ subject: { mediaType: mediaTypes.ociManifest, digest: randomDigest(), size: 9 } })

      assert.equal((await pushManifest(registry, repository, index)).header('oci-subject'), image.digest)
      assert.ok((await pushManifest(registry, repository, orphan)).header('oci-subject')?.startsWith('sha256:'))
    })

    it('the referrers of a repository that does not exist are an empty index', async () => {
      assert.deepEqual(referrersOf(await registry.get(`/v2/${newRepository()}/referrers/${randomDigest()}`)), [])
    })

    it('n means nothing to referrers, whatever it is', async () => {
      await pushManifest(registry, repository, artifact({ subject: descriptorOf(image) }))
      for (const n of ['', '0', 'many']) {
        const answer = await registry.get(`/v2/${repository}/referrers/${image.digest}?n=${n}`)
        assert.equal(referrersOf(answer).length, 1, `n=${n}`)
      }
    })

    it('a subject may have a sha512 digest', async () => {
      const subject = withAlgorithm(image, 'sha512')
      const referrer = artifact({ subject: descriptorOf(subject) })

      const answer = await pushManifest(registry, repository, referrer)

      assert.equal(answer.header('oci-subject'), subject.digest)
      assert.deepEqual(await listedDigests(referrersPath(subject.digest)), [referrer.digest])
    })
  })
})
