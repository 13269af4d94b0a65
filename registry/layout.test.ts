import assert from 'node:assert/strict'
import { parseDigest } from './digest.ts'
import * as layout from './layout.ts'
import { parseRepositoryName, parseTag, parseUploadId } from './names.ts'

const hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const longHex = `cf83e1357eefb8bd${'0'.repeat(112)}`
const sha256 = parseDigest(`sha256:${hex}`)
const sha512 = parseDigest(`sha512:${longHex}`)
const app = parseRepositoryName('team/app')
const tag = parseTag('1.0-alpha')
const id = parseUploadId('0f8fad5b-d9cd-469f-a165-70867728950e')
const repository = 'docker/registry/v2/repositories/team/app'

describe('the layout', () => {
  const keys: [string, string, string][] = [
    ['content', layout.blobKey(sha256), `docker/registry/v2/blobs/sha256/e3/${hex}/data`],
    ['content by sha512', layout.blobKey(sha512), `docker/registry/v2/blobs/sha512/cf/${longHex}/data`],
    ['a blob of a repository', layout.layerLinkKey(app, sha256), `${repository}/_layers/sha256/${hex}/link`],
    ['a sha512 blob of a repository', layout.layerLinkKey(app, sha512), `${repository}/_layers/sha512/${longHex}/link`],
    [
      'a manifest of a repository',
      layout.revisionLinkKey(app, sha256),
      `${repository}/_manifests/revisions/sha256/${hex}/link`,
    ],
    ['what a tag points at', layout.currentLinkKey(app, tag), `${repository}/_manifests/tags/1.0-alpha/current/link`],
    [
      'what a tag ever pointed at',
      layout.tagPrefix(app, tag) + layout.indexLink(sha256),
      `${repository}/_manifests/tags/1.0-alpha/index/sha256/${hex}/link`,
    ],
    ['the beginning of an upload', layout.uploadKeys(app, id).begun, `${repository}/_uploads/${id}/startedat`],
    ['the bytes of an upload', layout.uploadKeys(app, id).data, `${repository}/_uploads/${id}/data`],
    ['our state of an upload', layout.uploadKeys(app, id).note, `${repository}/_uploads/${id}/lading-state`],
    [
      'our referrers entry',
      layout.referrerKey(app, sha256, sha512),
      `${repository}/_referrers/sha256/${hex}/sha512/${longHex}`,
    ],
    ['our media type entry', layout.mediaTypeKey(app, sha256), `${repository}/_mediatypes/sha256/${hex}`],
  ]
  for (const [what, actual, expected] of keys) {
    it(`the key of ${what} is, byte for byte, as CNCF distribution has it or where it does not look`, () => {
      assert.equal(actual, expected)
    })
  }

  it('every prefix ends in a slash, so that it holds nothing of its neighbours', () => {
    const prefixes = [
      layout.blobsPrefix,
      layout.repositoriesPrefix,
      layout.repositoryPrefix(app),
      layout.layersPrefix(app),
      layout.manifestsPrefix(app),
      layout.revisionsPrefix(app),
      layout.tagsPrefix(app),
      layout.tagPrefix(app, tag),
      layout.uploadsPrefix(app),
      layout.uploadPrefix(app, id),
      layout.referrersPrefix(app, sha256),
      layout.allReferrersPrefix(app),
      layout.mediaTypesPrefix(app),
    ]
    assert.deepEqual(
      prefixes.filter((prefix) => !prefix.endsWith('/')),
      [],
    )
  })

  it('the digest is found again in the keys that are made of one', () => {
    for (const digest of [sha256, sha512]) {
      assert.equal(layout.digestInKey(layout.layerLinkKey(app, digest)), digest)
      assert.equal(layout.digestInKey(layout.revisionLinkKey(app, digest)), digest)
      assert.equal(layout.digestInKey(layout.tagPrefix(app, tag) + layout.indexLink(digest)), digest)
      assert.equal(layout.digestInKey(layout.referrerKey(app, sha256, digest)), digest)
      assert.equal(layout.digestInKey(layout.mediaTypeKey(app, digest)), digest)
    }
  })

  it('there is no digest in other keys', () => {
    const schema1Signature = `${repository}/_manifests/revisions/sha256/${hex}/signatures/sha256/${hex.slice(1)}/link`
    for (const key of [
      layout.currentLinkKey(app, tag),
      schema1Signature,
      'link',
      '',
      `sha1/${hex}/link`,
      `sha256/${hex}/data`,
    ]) {
      assert.equal(layout.digestInKey(key), undefined, key)
    }
  })

  it('the last segment of an entry is its name', () => {
    assert.equal(layout.lastSegment('a/b/c/'), 'c')
    assert.equal(layout.lastSegment('a/b/c'), 'c')
    assert.equal(layout.lastSegment('c/'), 'c')
    assert.equal(layout.lastSegment('c'), 'c')
  })
})
