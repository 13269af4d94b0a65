import assert from 'node:assert/strict'
import {
  config,
  describeBytes,
  dockerListType,
  dockerManifestType,
  imageBytes,
  indexBytes,
  jsonBytes,
  layer,
} from './fixtures/content.ts'
import { ociIndexType, ociManifestType, parsePushedManifest } from './manifest.ts'

const child = describeBytes(imageBytes(), ociManifestType)

describe('the shape of a pushed manifest', () => {
  it('what is half image and half index is refused (CVE-2021-41190)', () => {
    refuses({ manifests: [child] }, /an image manifest has no `manifests`/)
    refuses({ manifests: null }, /an image manifest has no `manifests`/)
    refuses({ mediaType: ociIndexType, manifests: [child] }, /neither `config` nor `layers`/)
    refuses({ mediaType: ociIndexType, manifests: [child], config: undefined }, /neither `config` nor `layers`/)
    refuses({ mediaType: dockerListType, manifests: [child], layers: undefined }, /neither `config` nor `layers`/)
    refuses({ mediaType: undefined, manifests: [child] }, /`manifests`/, ociManifestType)
    refuses({ mediaType: undefined, manifests: [child] }, /neither/, ociIndexType)
  })

  it('an index has `manifests`, an image has `config`, and both are schema version 2', () => {
    for (const mediaType of [ociManifestType, dockerManifestType]) {
      refuses({ mediaType, config: undefined }, /descriptor `config`/)
      refuses({ mediaType, config: null }, /descriptor `config`/)
      refuses({ mediaType, config: undefined, blobs: [describeBytes(layer)] }, /descriptor `config`/)
    }
    refuses({ mediaType: ociIndexType, config: undefined, layers: undefined }, /array `manifests`/)
    refuses({ mediaType: ociIndexType, config: undefined, layers: undefined, manifests: {} }, /array `manifests`/)
    const index = { config: undefined, layers: undefined, manifests: [child] }
    const fieldsOf = { [ociManifestType]: {}, [dockerManifestType]: {}, [ociIndexType]: index, [dockerListType]: index }
    for (const [mediaType, fields] of Object.entries(fieldsOf)) {
      refuses({ mediaType, ...fields, schemaVersion: undefined }, /schemaVersion is missing: it must be 2/)
      for (const schemaVersion of [0, 3, '2', null]) {
        refuses({ mediaType, ...fields, schemaVersion }, /schemaVersion must be 2/)
      }
    }
  })

  it('a mediaType that is no text is refused, and null counts as absent', () => {
    for (const mediaType of [5, [], {}]) refuses({ mediaType }, /mediaType must be a text/, ociManifestType)
    assert.equal(parsePushedManifest(imageBytes({ mediaType: null }), ociManifestType).mediaType, ociManifestType)
  })

  const valid = describeBytes(layer)
  const wrongDescriptors: [string, unknown, RegExp][] = [
    ['a text', 'sha256:abc', /must be a descriptor/],
    ['null in a list', null, /must be a descriptor/],
    ['one without a digest', { ...valid, digest: undefined }, /no valid digest/],
    ['one with a short digest', { ...valid, digest: 'sha256:abc' }, /no valid digest/],
    ['one with an unknown algorithm', { ...valid, digest: `md5:${'a'.repeat(32)}` }, /no valid digest/],
    ['one without a size', { ...valid, size: undefined }, /no valid size/],
    ['one with a negative size', { ...valid, size: -1 }, /no valid size/],
    ['one with half a byte', { ...valid, size: 0.5 }, /no valid size/],
    ['one with a size as text', { ...valid, size: '1' }, /no valid size/],
    ['one with a size beyond counting', { ...valid, size: 2 ** 60 }, /no valid size/],
    ['one without a media type', { ...valid, mediaType: undefined }, /no mediaType/],
  ]
  for (const [what, descriptor, message] of wrongDescriptors) {
    it(`a wrong descriptor is refused, and its place is named: ${what}`, () => {
      refuses({ layers: [valid, descriptor] }, new RegExp(`\`layers\\[1\\]\` .*${message.source}`))
      if (descriptor !== null) refuses({ config: descriptor }, new RegExp(`\`config\` .*${message.source}`))
      if (descriptor !== null) refuses({ subject: descriptor }, new RegExp(`\`subject\` .*${message.source}`))
      assert.throws(() => parsePushedManifest(indexBytes([descriptor as never]), undefined), /`manifests\[0\]`/)
    })
  }

  it('lists that are no lists and annotations that are no texts are refused', () => {
    refuses({ layers: {} }, /`layers` must be an array/)
    refuses({ layers: 'none' }, /`layers` must be an array/)
    for (const annotations of [{ a: 1 }, { a: null }, { a: { b: 'c' } }, 'text', 1, [], ['a']]) {
      refuses({ annotations }, /`annotations` must map strings to strings/)
    }
  })

  it('an unknown media type may have any content, but what looks like descriptors counts as such', () => {
    const mediaType = 'application/vnd.example.thing+json'
    const odd = parsePushedManifest(
      imageBytes({ mediaType, manifests: [child], layers: [describeBytes(layer), 'odd', { digest: 1 }] }),
      undefined,
    )
    assert.deepEqual(
      odd.blobs.map(({ digest }) => digest),
      [describeBytes(config).digest, describeBytes(layer).digest],
    )
    assert.deepEqual(
      odd.children.map(({ digest }) => digest),
      [child.digest],
    )
    assert.deepEqual(
      parsePushedManifest(jsonBytes({ config: 1, layers: 2, annotations: 3, subject: [] }), mediaType).blobs,
      [],
    )
    for (const fields of [{ schemaVersion: undefined }, { schemaVersion: 3 }, { config: null }]) {
      assert.equal(parsePushedManifest(imageBytes({ mediaType, ...fields }), undefined).mediaType, mediaType)
    }
  })
})

function refuses(fields: Record<string, unknown>, message: RegExp, contentType?: string): void {
  assert.throws(() => parsePushedManifest(imageBytes(fields), contentType), {
    code: 'MANIFEST_INVALID',
    status: 400,
    message,
  })
}
