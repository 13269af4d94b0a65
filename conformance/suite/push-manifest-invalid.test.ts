/** Manifests that are none: each refused with the right status and code, nothing stored, the registry alive. */
import assert from 'node:assert/strict'

import type { Answer } from './support/client.ts'
import {
  blobOf,
  type Content,
  descriptorOf,
  emptyJson,
  type Fields,
  manifestOf,
  mediaTypes,
  randomLayer,
} from './support/content.ts'
import { assertError, assertRefused, assertStatus } from './support/expect.ts'
import { newRepository, newTag, randomWord } from './support/names.ts'
import { assertAlive, manifestPath, prepareImage, pushEmptyJson, putManifest } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const document = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: descriptorOf(emptyJson),
  layers: [descriptorOf(emptyJson)],
}
const valid = JSON.stringify(document)
const nestedDeep = (open: string, close: string): string => `${open.repeat(100_000)}1${close.repeat(100_000)}`
const withFields = (fields: Fields): string => JSON.stringify({ ...document, ...fields })
const withLayer = (fields: Fields): string => withFields({ layers: [{ ...descriptorOf(emptyJson), ...fields }] })

const malformed: readonly [what: string, bytes: string | Uint8Array][] = [
  ['an empty body', ''],
  ['no JSON', 'this is a manifest'],
  ['JSON that is cut', valid.slice(0, -20)],
  ['JSON with something after it', `${valid}{}`],
  ['an array', `[${valid}]`],
  ['null', 'null'],
  ['a string', '"manifest"'],
  ['a comment', `/* manifest */${valid}`],
  ['a trailing comma', valid.replace(/\}$/, ',}')],
  ['a layer whose digest climbs out of the storage', withLayer({ digest: 'sha256:../../../../../../etc/passwd' })],
]

const nested: readonly [what: string, bytes: string][] = [
  ['arrays nested 100,000 deep', valid.replace('"layers"', `"x":${nestedDeep('[', ']')},"layers"`)],
  ['objects nested 100,000 deep', valid.replace('"layers"', `"x":${nestedDeep('{"x":', '}')},"layers"`)],
]

const promised: readonly [what: string, bytes: string | Uint8Array][] = [
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from(valid.slice(0, -1)), Buffer.from(',"x":"\xff\xfe"}', 'latin1')]),
  ],
  ['a key that comes twice', valid.replace('"schemaVersion"', '"schemaVersion":2,"schemaVersion"')],
  ['a config that comes twice', valid.replace('"layers"', `"config":${JSON.stringify(document.config)},"layers"`)],
  ['a key that comes twice, once escaped', valid.replace('"layers"', String.raw`"layer\u0073":[],"layers"`)],
  ['a key that comes twice deep inside', valid.replace('"size"', '"size":2,"size"')],
  // image-spec, manifest.md: "This REQUIRED property specifies the image manifest schema version. For this version of the specification, this MUST be `2`".
  ['a manifest without schemaVersion', withFields({ schemaVersion: undefined })],
  ['a manifest of schema version 3', withFields({ schemaVersion: 3 })],
  // image-spec, manifest.md, on config: "This REQUIRED property references a configuration object for a container, by digest."
  ['a config that is null', withFields({ config: null })],
  ['a config that is no descriptor', withFields({ config: 'sha256' })],
  ['layers that are no list', withFields({ layers: {} })],
  ['a layer whose digest is none', withLayer({ digest: 'sha256:short' })],
  ['a layer whose digest is no string', withLayer({ digest: 7 })],
  ['a layer without a digest', withLayer({ digest: undefined })],
]

describeConformance('manifests that are none', (registry) => {
  /** Everything the manifest refers to is there: only the manifest itself can be at fault. */
  const put = async (
    repository: string,
    bytes: string | Uint8Array,
    contentType: string = mediaTypes.ociManifest,
  ): Promise<Answer> => {
    await pushEmptyJson(registry, repository)
    return registry.put(manifestPath(repository, 'bad'), bytes, { 'Content-Type': contentType })
  }

  for (const [what, bytes] of malformed) {
    it(`${what} is refused, and not stored`, async () => {
      const repository = newRepository()

      assertRefused(await put(repository, bytes))

      assertStatus(await registry.get(manifestPath(repository, 'bad')), 404)
      assertStatus(await registry.get(manifestPath(repository, blobOf(bytes).digest)), 404)
    })
  }

  for (const [what, bytes] of nested) {
    it(`${what} does no harm`, async () => {
      assertRefused(await put(newRepository(), bytes))
      await assertAlive(registry)
    })
  }

  describe('Lading promises', () => {
    for (const [what, bytes] of [...malformed, ...nested, ...promised]) {
      it(`${what} answers 400 MANIFEST_INVALID, and the registry goes on`, async () => {
        const repository = newRepository()
        const startedAt = Date.now()

        assertError(await put(repository, bytes), 400, 'MANIFEST_INVALID')

        assert.ok(Date.now() - startedAt < 5000, 'the refusal took longer than 5 seconds')
        assertStatus(await registry.get(manifestPath(repository, 'bad')), 404)
        await assertAlive(registry)
      })
    }

    const wrongTypes: readonly [what: string, contentType: string][] = [
      ['is no JSON type', 'text/plain'],
      ['is no media type at all', 'nonsense'],
      ['is another than its mediaType field', mediaTypes.ociIndex],
      ['is a list where the manifest is an image', mediaTypes.dockerList],
    ]
    for (const [what, contentType] of wrongTypes) {
      it(`a Content-Type that ${what} answers 400 MANIFEST_INVALID`, async () => {
        const repository = newRepository()
        const image = await prepareImage(registry, repository)

        assertError(await put(repository, image.bytes, contentType), 400, 'MANIFEST_INVALID')
        assertStatus(await registry.get(manifestPath(repository, 'bad')), 404)
      })
    }

    it('without a Content-Type the mediaType field decides, or the push is refused with 400 MANIFEST_INVALID', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      const answer = await registry.put(manifestPath(repository, 'bare'), image.bytes)

      if (answer.status !== 201) return assertError(answer, 400, 'MANIFEST_INVALID')
      const pulled = await registry.get(manifestPath(repository, 'bare'), { Accept: image.mediaType })
      assert.equal(pulled.header('content-type'), image.mediaType)
    })

    it('a manifest with neither Content-Type nor mediaType field answers 400 MANIFEST_INVALID', async () => {
      const bare: Content = manifestOf('', { unique: randomWord() })

      assertError(await registry.put(manifestPath(newRepository(), newTag()), bare.bytes), 400, 'MANIFEST_INVALID')
    })

    it('a manifest whose digest is not the one in the URL answers 400 DIGEST_INVALID', async () => {
      const repository = newRepository()
      const image = await prepareImage(registry, repository)

      assertError(await putManifest(registry, repository, image, randomLayer().digest), 400, 'DIGEST_INVALID')
    })
  })
})
