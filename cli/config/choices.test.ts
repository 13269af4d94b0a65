import assert from 'node:assert/strict'
import { assertProblem, load, problemsOf, smallest } from './configuration-for-tests.ts'

describe('keys that every object of the language has', () => {
  it('are unknown like any other', () => {
    assert.match(
      load(`${smallest}constructor: {}\nhttp: {__proto__: {a: 1}}\n`).warnings.join(),
      /3: constructor is not.*4: http\.__proto__ is not/u,
    )
    assertProblem(/storage\.constructor is neither a storage driver/u, 'version: 0.1\nstorage: {constructor: {}}\n')
    assertProblem(/auth\.toString is not a kind of auth/u, `${smallest}auth: {toString: {}}\n`)
  })
})

describe('storage', () => {
  it('has exactly one driver', () => {
    assertProblem(/^config\.yml:1: storage has no driver/u, 'version: 0.1\n')
    assertProblem(/^config\.yml:2: storage has no driver/u, 'version: 0.1\nstorage: {delete: {enabled: true}}\n')
    assertProblem(
      /^config\.yml:4: there are several storage drivers: filesystem, inmemory/u,
      'version: 0.1\nstorage:\n  filesystem:\n  inmemory:\n',
    )
  })

  it('names a driver that exists', () => {
    assertProblem(
      /storage\.filesytem is neither .*; did you mean filesystem\?/u,
      'version: 0.1\nstorage: {filesytem: {}}\n',
    )
    assertProblem(
      /storage\.tape is neither a storage driver nor a setting of storage\./u,
      'version: 0.1\nstorage: tape\n',
    )
    for (const driver of ['azure', 'gcs', 'swift', 'oss']) {
      assertProblem(
        new RegExp(`^config\\.yml:2: storage\\.${driver} is not supported: this registry does not store in`, 'u'),
        `version: 0.1\nstorage: {${driver}: {container: x}}\n`,
      )
    }
  })
})

describe('auth', () => {
  it('is one kind', () => {
    const text = `${smallest}auth:\n  none:\n  htpasswd: {realm: r, path: /p}\n`
    assert.match(
      problemsOf(text).join('\n'),
      /^config\.yml:5: there are several kinds of auth: none, htpasswd\. Keep one\.$/mu,
    )
    assertProblem(/auth\.htpaswd is not a kind of auth; did you mean htpasswd\?/u, `${smallest}auth: {htpaswd: {}}\n`)
  })

  it('that is empty is told', () => {
    for (const text of ['auth:\n', 'auth: {}\n']) {
      assert.match(
        load(smallest + text).warnings[0] ?? '',
        /^config\.yml:3: auth is empty, so the registry is open to everyone/u,
      )
    }
    assert.deepEqual(load(`${smallest}auth: none\n`).warnings, [])
  })
})
