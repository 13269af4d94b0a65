import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RegistryError } from '../../registry/errors.ts'
import { parseV2Path } from './v2-path.ts'

/** The words of the routes, which are all valid components of names too. */
const words = ['manifests', 'blobs', 'uploads', 'tags', 'list', 'referrers', 'v2']
const component = fc.oneof(
  fc.constantFrom(...words),
  fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/),
)
const name = fc.array(component, { minLength: 1, maxLength: 7 }).map((components) => components.join('/'))
const tag = fc.oneof(fc.constantFrom(...words), fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/))
const digest = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
  fc.stringMatching(/^[0-9a-f]{128}$/).map((hex) => `sha512:${hex}`),
)
const uploadId = fc.oneof(fc.uuid(), fc.constantFrom(...words))

function refusal(path: string): string {
  try {
    const target = parseV2Path(path)
    return target === undefined ? 'no route' : `accepted as ${target.resource}`
  } catch (error) {
    assert.ok(error instanceof RegistryError, String(error))
    return error.code
  }
}

describe('the path behind /v2/', () => {
  it('of any name, also one made of the routes’ own words, parses back to exactly that name and resource', () => {
    fc.assert(
      fc.property(name, tag, digest, uploadId, (repository, someTag, someDigest, id) => {
        const targets = {
          [`${repository}/tags/list`]: { resource: 'tags', repository },
          [`${repository}/manifests/${someTag}`]: { resource: 'manifest', repository, reference: someTag },
          [`${repository}/manifests/${someDigest}`]: { resource: 'manifest', repository, reference: someDigest },
          [`${repository}/blobs/${someDigest}`]: { resource: 'blob', repository, digest: someDigest },
          [`${repository}/blobs/uploads/`]: { resource: 'uploads', repository },
          [`${repository}/blobs/uploads`]: { resource: 'uploads', repository },
          [`${repository}/blobs/uploads/${id}`]: { resource: 'upload', repository, id },
          [`${repository}/referrers/${someDigest}`]: { resource: 'referrers', repository, digest: someDigest },
        }
        for (const [path, target] of Object.entries(targets)) assert.deepEqual(parseV2Path(path), target, path)
      }),
      {
        numRuns: 500,
        examples: [
          ['blobs/uploads', 'list', `sha256:${'0'.repeat(64)}`, 'list'],
          ['a/blobs/uploads', 'uploads', `sha256:${'a'.repeat(64)}`, 'uploads'],
          ['manifests/manifests', 'manifests', `sha512:${'f'.repeat(128)}`, 'manifests'],
          ['tags/list/tags', 'list', `sha256:${'9'.repeat(64)}`, 'blobs'],
        ],
      },
    )
  })

  it('has the same meaning with characters of a reference or digest percent-encoded', () => {
    const hex = 'ab'.repeat(32)
    assert.deepEqual(parseV2Path(`a/blobs/sha256%3A${hex}`), parseV2Path(`a/blobs/sha256:${hex}`))
    assert.deepEqual(parseV2Path('%61/manifests/%6Catest'), {
      resource: 'manifest',
      repository: 'a',
      reference: 'latest',
    })
  })

  it('is the base when empty, and the catalog as _catalog alone', () => {
    assert.deepEqual(parseV2Path(''), { resource: 'base' })
    assert.deepEqual(parseV2Path('_catalog'), { resource: 'catalog' })
    assert.equal(parseV2Path('_catalog/'), undefined)
    assert.equal(parseV2Path('a/_catalog'), undefined)
  })

  it('with an encoded slash in a name is refused, wherever it stands', () => {
    fc.assert(
      fc.property(name, fc.nat(), fc.constantFrom('%2F', '%2f'), (repository, position, slash) => {
        const at = position % (repository.length + 1)
        const path = `${repository.slice(0, at)}${slash}${repository.slice(at)}/tags/list`
        assert.equal(refusal(path), 'NAME_INVALID', path)
      }),
    )
  })

  it('with an empty segment, a dot segment or a slash too much in its name is NAME_INVALID', () => {
    for (const bad of [
      '',
      '/',
      'a//b',
      '/a',
      'a/',
      '.',
      '..',
      'a/../b',
      '../a',
      'a/.',
      'a/./b',
      '%2e%2e',
      'a/%2e%2e/b',
      '%2e',
    ]) {
      assert.equal(refusal(`${bad}/tags/list`), 'NAME_INVALID', bad)
      assert.equal(refusal(`${bad}/blobs/uploads/`), 'NAME_INVALID', bad)
      assert.equal(refusal(`${bad}/manifests/latest`), 'NAME_INVALID', bad)
    }
  })

  it('without a name is refused', () => {
    for (const path of ['tags/list', 'manifests/latest', 'blobs/uploads/', 'blobs/uploads', '/tags/list']) {
      assert.equal(refusal(path), 'NAME_INVALID', path)
    }
  })

  it('with a broken percent-encoding is REQUEST_INVALID', () => {
    for (const path of [
      'a%/tags/list',
      'a%zz/tags/list',
      '%c0%ae/tags/list',
      'a/manifests/%',
      'a/manifests/%f',
      'a/blobs/%ff',
    ]) {
      assert.equal(refusal(path), 'REQUEST_INVALID', path)
    }
  })

  it('with anything that is no digest where one belongs is DIGEST_INVALID', () => {
    for (const bad of [
      '',
      'latest',
      'sha256:',
      `sha256:${'a'.repeat(63)}`,
      `sha256:${'A'.repeat(64)}`,
      `md5:${'a'.repeat(32)}`,
      '..',
    ]) {
      assert.equal(refusal(`a/blobs/${bad}`), 'DIGEST_INVALID', bad)
      assert.equal(refusal(`a/referrers/${bad}`), 'DIGEST_INVALID', bad)
    }
  })

  it('with an upload id that could be a path is BLOB_UPLOAD_UNKNOWN', () => {
    for (const bad of ['..', '.', '%2e%2e', '..%2fetc', '%00', 'a%2fb', '*', '{id}', 'a'.repeat(129)]) {
      assert.equal(refusal(`a/blobs/uploads/${bad}`), 'BLOB_UPLOAD_UNKNOWN', bad)
    }
  })

  it('of a form that no endpoint has is no route', () => {
    for (const path of [
      'a',
      'a/b',
      'a/tags',
      'a/tags/',
      'a/tags/lists',
      'a/manifests/x/y',
      'a/blobs/uploads/x/y',
      '_catalogs',
      'a/tags/list/',
    ]) {
      assert.equal(refusal(path), 'no route', path)
    }
  })

  it('whatever it is: it is parsed, refused with a registry error, or no route; never anything else, and never with a name that has no grammar', () => {
    const noise = fc.oneof(
      fc.string(),
      fc.webPath(),
      fc
        .array(fc.oneof(component, fc.constantFrom('', '..', '%2e', '%2F', '%', '\0')), { maxLength: 8 })
        .map((all) => all.join('/')),
    )
    fc.assert(
      fc.property(noise, (path) => {
        if (!refusal(path).startsWith('accepted')) return
        const target = parseV2Path(path)
        if (target === undefined || !('repository' in target)) return
        assert.match(target.repository, /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/)
      }),
      { numRuns: 400 },
    )
  })
})
