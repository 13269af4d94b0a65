import assert from 'node:assert/strict'
import {
  config,
  configType,
  describeBytes,
  dockerListType,
  dockerManifestType,
  imageBytes,
  indexBytes,
  jsonBytes,
  layer,
} from './fixtures/content.ts'
import {
  inferredMediaType,
  ociIndexType,
  ociManifestType,
  parsePushedManifest,
  parseStoredManifest,
  type Manifest,
} from './manifest.ts'

const artifactManifestType = 'application/vnd.oci.artifact.manifest.v1+json'
const schema1Type = 'application/vnd.docker.distribution.manifest.v1+json'
const signedSchema1Type = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
const child = describeBytes(imageBytes(), ociManifestType)

describe('the media type of a pushed manifest', () => {
  const accepted: [string, Buffer][] = [
    [ociManifestType, imageBytes()],
    [dockerManifestType, imageBytes({ mediaType: dockerManifestType })],
    [ociIndexType, indexBytes([child])],
    [dockerListType, indexBytes([child], { mediaType: dockerListType })],
    [
      artifactManifestType,
      jsonBytes({ mediaType: artifactManifestType, artifactType: 'a/b', blobs: [describeBytes(layer)] }),
    ],
    [
      'application/vnd.example.thing+json',
      jsonBytes({ mediaType: 'application/vnd.example.thing+json', anything: [1] }),
    ],
  ]
  for (const [mediaType, bytes] of accepted) {
    it(`${mediaType} is accepted from Content-Type, from the manifest, and from both`, () => {
      const { mediaType: _, ...rest } = JSON.parse(bytes.toString()) as { mediaType: string }
      assert.equal(parsePushedManifest(bytes, mediaType).mediaType, mediaType)
      assert.equal(parsePushedManifest(bytes, undefined).mediaType, mediaType)
      if (mediaType !== artifactManifestType)
        assert.equal(parsePushedManifest(jsonBytes(rest), mediaType).mediaType, mediaType)
    })
  }

  it('parameters of Content-Type are ignored', () => {
    for (const parameters of [';charset=utf-8', '; charset="utf-8"; x=y', ' ;', ';']) {
      assert.equal(parsePushedManifest(imageBytes(), ociManifestType + parameters).mediaType, ociManifestType)
    }
  })

  it('a Content-Type that contradicts the manifest is refused, and both are named', () => {
    assert.throws(() => parsePushedManifest(imageBytes(), ociIndexType), {
      code: 'MANIFEST_INVALID',
      message: `Content-Type is ${ociIndexType}, but the manifest's mediaType is ${ociManifestType}: they must be the same`,
    })
    refuses({ mediaType: ociIndexType }, /must be the same/, ociManifestType)
    refuses({ mediaType: '' }, /must be the same/, ociManifestType)
  })

  it('a manifest without any media type is refused', () => {
    assert.throws(
      () => parsePushedManifest(imageBytes({ mediaType: undefined }), undefined),
      /the media type is missing/,
    )
  })

  it('a Content-Type that is no media type is refused', () => {
    for (const header of ['', 'json', 'a/b/c', 'a b/c', 'application/', '/json', `a/${'b'.repeat(128)}`]) {
      assert.throws(
        () => parsePushedManifest(imageBytes({ mediaType: undefined }), header),
        { code: 'MANIFEST_INVALID' },
        header,
      )
    }
  })

  it('schema 1 is refused with the way out, however it comes', () => {
    const schema1 = jsonBytes({ schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [] })
    for (const contentType of [schema1Type, signedSchema1Type, ociManifestType, 'application/json']) {
      assert.throws(() => parsePushedManifest(schema1, contentType), {
        code: 'MANIFEST_INVALID',
        message: /schema 1.*docker 1\.10/,
      })
    }
  })

  it('of a stored manifest it is the one that CNCF distribution would find in the bytes', () => {
    assert.equal(inferredMediaType({ mediaType: 'a/b', manifests: [] }), 'a/b')
    assert.equal(inferredMediaType({ manifests: [] }), ociIndexType)
    assert.equal(inferredMediaType({ config: {} }), ociManifestType)
    assert.equal(inferredMediaType({}), ociManifestType)
    assert.equal(inferredMediaType({ schemaVersion: 1 }), schema1Type)
    assert.equal(inferredMediaType({ schemaVersion: 1, signatures: [] }), signedSchema1Type)
  })
})

describe('what is known of a manifest', () => {
  it('config, layers and blobs are blobs, manifests are children', () => {
    assert.deepEqual(digestsIn(parsePushedManifest(imageBytes(), undefined)), [
      [describeBytes(config).digest, describeBytes(layer).digest],
      [],
    ])
    assert.deepEqual(digestsIn(parsePushedManifest(indexBytes([child]), undefined)), [[], [child.digest]])
  })

  it('addresses and platforms are kept where they are well formed', () => {
    const layers = [{ ...describeBytes(layer), urls: ['https://a.example/x', 1] }]
    assert.deepEqual(parsePushedManifest(imageBytes({ layers }), undefined).blobs[1]?.urls, ['https://a.example/x'])
    const platforms = [{ os: 'linux', architecture: 'arm64', variant: 'v8' }, { os: 'linux' }, 'linux', null, undefined]
    const { children } = parsePushedManifest(
      indexBytes(platforms.map((platform) => ({ ...child, platform }))),
      undefined,
    )
    assert.deepEqual(
      children.map(({ platform }) => platform),
      [{ os: 'linux', architecture: 'arm64' }, undefined, undefined, undefined, undefined],
    )
  })

  const subject = describeBytes(imageBytes(), ociManifestType)
  it('the subject is its digest, whether it exists or not', () => {
    assert.equal(parsePushedManifest(imageBytes({ subject }), undefined).subject, subject.digest)
    assert.equal(parsePushedManifest(indexBytes([], { subject }), undefined).subject, subject.digest)
    assert.equal(parsePushedManifest(imageBytes(), undefined).subject, undefined)
  })

  // spec, Pushing Manifests with Subject: artifactType, or for an image manifest without one, the config's media type.
  const artifactTypes: [string, Buffer, string | undefined][] = [
    ['an image with artifactType', imageBytes({ artifactType: 'a/b' }), 'a/b'],
    ['an image without one: its config tells', imageBytes(), configType],
    ['an image with an empty one: its config tells', imageBytes({ artifactType: '' }), configType],
    ['an image with a null one: its config tells', imageBytes({ artifactType: null }), configType],
    ['an index with artifactType', indexBytes([], { artifactType: 'a/b' }), 'a/b'],
    ['an index without one: nothing', indexBytes([]), undefined],
    ['a docker image: its config tells', imageBytes({ mediaType: dockerManifestType }), configType],
  ]
  for (const [what, bytes, expected] of artifactTypes) {
    it(`the artifact type of ${what}`, () => {
      assert.equal(parsePushedManifest(bytes, undefined).artifactType, expected)
    })
  }

  it('annotations are kept as they are', () => {
    const annotations = { 'org.example.a': 'b', '': '', __proto__x: 'é' }
    assert.deepEqual(parsePushedManifest(imageBytes({ annotations }), undefined).annotations, annotations)
    assert.equal(parsePushedManifest(imageBytes({ annotations: null }), undefined).annotations, undefined)
  })
})

describe('a stored manifest', () => {
  it('is read whatever odd content an older registry took', () => {
    const odd = jsonBytes({
      schemaVersion: 3,
      config: { digest: 'x' },
      layers: [1],
      manifests: 'm',
      annotations: { a: 1 },
      subject: 5,
    })
    const manifest = parseStoredManifest(odd, ociManifestType)
    assert.deepEqual(digestsIn(manifest), [[], []])
    assert.deepEqual([manifest.subject, manifest.annotations, manifest.artifactType], [undefined, undefined, undefined])
    const schema1 = jsonBytes({
      schemaVersion: 1,
      fsLayers: [{ blobSum: describeBytes(layer).digest }],
      history: [],
      signatures: [],
    })
    assert.deepEqual(digestsIn(parseStoredManifest(schema1, signedSchema1Type)), [[], []])
  })
})

function refuses(fields: Record<string, unknown>, message: RegExp, contentType?: string): void {
  assert.throws(() => parsePushedManifest(imageBytes(fields), contentType), {
    code: 'MANIFEST_INVALID',
    status: 400,
    message,
  })
}

function digestsIn({ blobs, children }: Manifest): [string[], string[]] {
  return [blobs.map(({ digest }) => digest), children.map(({ digest }) => digest)]
}
