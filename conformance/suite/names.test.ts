/** spec, Pulling manifests: "Throughout this document, `<name>` MUST match the following regular expression", and tags theirs. */
import assert from 'node:assert/strict'

import { randomDigest } from './support/content.ts'
import { assertBody, assertDigest, assertError, assertRefused, assertStatus } from './support/expect.ts'
import { newRepository, randomWord } from './support/names.ts'
import { tagsOf } from './support/pages.ts'
import {
  assertAlive,
  blobPath,
  manifestPath,
  prepareImage,
  pushImage,
  putManifest,
  startUpload,
} from './support/push.ts'
import { describeConformance } from './support/target.ts'

/** A path with `//` or `..` may be sent to its clean form: nothing is made by that. */
const redirects = [301, 307, 308]

/** Good names; `x` stands for a random word, so that they are new. */
const good = [
  'x',
  'x/a',
  'x/a/b/c/d/e',
  'x.y',
  'x_y',
  'x__y',
  'x-y',
  'x--y',
  'x---y',
  '0x',
  'x/0',
  'x/a.b-c__d/e',
  'x0/9',
]

const bad = [
  'UPPER',
  'a/Upper',
  '-a',
  'a-',
  'a/-b',
  '_a',
  'a_',
  'a___b',
  '.a',
  'a.',
  'a..b',
  'a._b',
  'a-.b',
  'a//b',
  'a b',
  'a+b',
  'a~b',
  'a:b',
  'a@b',
  'ä',
  '大',
]

/** Names whose last parts are the words of the API itself. */
const confusing = [
  'x/blobs',
  'x/manifests',
  'x/tags',
  'x/tags/list',
  'x/referrers',
  'x/uploads',
  'x/blobs/uploads',
  'x/manifests/latest',
  'v2/x',
  'x/v2',
]

describeConformance('names', (registry) => {
  for (const name of good) {
    it(`"\`<name>\` MUST match the following regular expression": ${name} does`, async () => {
      const repository = name.replace('x', `c${randomWord()}`)
      const image = await pushImage(registry, repository, 'latest')

      assertBody(await registry.get(manifestPath(repository, 'latest'), { Accept: image.mediaType }), image.bytes)
      assert.deepEqual(tagsOf(await registry.get(`/v2/${repository}/tags/list`)), ['latest'])
    })
  }

  for (const name of bad) {
    it(`"\`<name>\` MUST match the following regular expression": ${name} does not, and is refused everywhere`, async () => {
      const encoded = name.split('/').map(encodeURIComponent).join('/')
      for (const target of [
        manifestPath(encoded, 'latest'),
        blobPath(encoded, randomDigest()),
        `/v2/${encoded}/tags/list`,
      ]) {
        const answer = await registry.send({ method: 'GET', target, followRedirects: false })
        if (!redirects.includes(answer.status)) assertRefused(answer)
      }
      const upload = await registry.send({
        method: 'POST',
        target: `/v2/${encoded}/blobs/uploads/`,
        followRedirects: false,
      })
      if (!redirects.includes(upload.status)) assertRefused(upload)
    })
  }

  it('names of 200 characters work', async () => {
    const repository = `lading-conformance/${randomWord(200 - 19)}`
    await pushImage(registry, repository, 'latest')
  })

  for (const tag of [
    'a',
    '_',
    '0',
    'A',
    'v1.0',
    'a-b_c.d',
    '_._-',
    'latest',
    'x'.repeat(128),
    'sha256-abc',
    'UPPER.lower_09-',
    'list',
  ]) {
    it(`"\`<tag-or-digest>\` as a tag MUST be at most 128 characters in length and MUST match the following regular expression": ${tag.slice(0, 20)} does`, async () => {
      const repository = newRepository()
      const image = await pushImage(registry, repository, tag)

      assertDigest(await registry.head(manifestPath(repository, tag), { Accept: image.mediaType }), image.digest)
    })
  }

  for (const tag of ['x'.repeat(129), '-a', '.a', 'a+b', 'a b', 'a@b', 'a:b', 'ä', '..', 'a%2Fb', 'a\u0000b']) {
    it(`"The \`<tag-or-digest>\` MUST NOT be in any other format": ${JSON.stringify(tag.slice(0, 20))} is refused`, async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)
      const target = manifestPath(repository, encodeURIComponent(tag))
      const headers = { 'Content-Type': image.mediaType }

      const answer = await registry.send({ method: 'PUT', target, body: image.bytes, headers, followRedirects: false })

      if (!redirects.includes(answer.status)) assertRefused(answer)
      assertStatus(await registry.get(manifestPath(repository, image.digest), { Accept: image.mediaType }), 404)
      await assertAlive(registry)
    })
  }

  describe('Lading promises', () => {
    for (const name of bad.filter((name) => !name.includes('//'))) {
      it(`the name ${name} is refused with 400 NAME_INVALID`, async () => {
        const encoded = name.split('/').map(encodeURIComponent).join('/')

        assertError(await registry.post(`/v2/${encoded}/blobs/uploads/`), 400, 'NAME_INVALID')
        assertError(await registry.get(manifestPath(encoded, 'latest')), 400, 'NAME_INVALID')
      })
    }

    it('a name of 255 characters works, one of 256 is refused with 400 NAME_INVALID', async () => {
      const prefix = `lading-conformance/${randomWord()}/`
      const longest = prefix + 'x'.repeat(255 - prefix.length)

      await startUpload(registry, longest)
      assertError(await registry.post(`/v2/${longest}x/blobs/uploads/`), 400, 'NAME_INVALID')
    })

    for (const name of confusing) {
      it(`a repository may be called as the API's own words: ${name}`, async () => {
        const repository = name.replace('x', `c${randomWord()}`)
        const image = await pushImage(registry, repository, 'latest')

        assertBody(await registry.get(manifestPath(repository, 'latest'), { Accept: image.mediaType }), image.bytes)
        assert.deepEqual(tagsOf(await registry.get(`/v2/${repository}/tags/list`)), ['latest'])
      })
    }

    it('a reference that is neither tag nor digest is refused with 400, in the error format', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      for (const reference of ['-a', 'x'.repeat(129), 'sha256:short']) {
        const answer = await putManifest(registry, repository, image, reference)
        assertStatus(answer, 400)
        assert.match(answer.body.toString(), /MANIFEST_INVALID|TAG_INVALID|DIGEST_INVALID/)
      }
    })
  })
})
