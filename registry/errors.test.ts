import assert from 'node:assert/strict'
import { StorageError } from '../storage-drivers/storage-error.ts'
import { asRegistryError, RegistryError } from './errors.ts'

describe('registry errors', () => {
  it('carry the status, and the code and message of the envelope', () => {
    const error = new RegistryError('BLOB_UNKNOWN', { detail: { digest: 'x' } })
    assert.equal(error.status, 404)
    assert.deepEqual(error.entries, [
      { code: 'BLOB_UNKNOWN', message: 'blob unknown to registry', detail: { digest: 'x' } },
    ])
    assert.equal('detail' in (new RegistryError('BLOB_UNKNOWN').entries[0] ?? {}), false)
  })

  it('that the specification has no code for go out under one that it has', () => {
    const wire = (
      ['UPLOAD_BUSY', 'MANIFEST_TOO_LARGE', 'TAGS_TOO_MANY', 'PRECONDITION_FAILED', 'STORAGE_FULL'] as const
    ).map((code) => {
      const error = new RegistryError(code)
      return [code, error.status, error.entries[0]?.code]
    })
    assert.deepEqual(wire, [
      ['UPLOAD_BUSY', 409, 'BLOB_UPLOAD_INVALID'],
      ['MANIFEST_TOO_LARGE', 413, 'SIZE_INVALID'],
      ['TAGS_TOO_MANY', 414, 'TAG_INVALID'],
      ['PRECONDITION_FAILED', 412, 'DENIED'],
      ['STORAGE_FULL', 507, 'UNAVAILABLE'],
    ])
  })

  it('for several breaches of a rule have an entry each', () => {
    const error = RegistryError.forEach('MANIFEST_BLOB_UNKNOWN', [{ digest: 'a' }, { digest: 'b' }])
    assert.deepEqual(
      error.entries.map(({ code, detail }) => [code, detail]),
      [
        ['MANIFEST_BLOB_UNKNOWN', { digest: 'a' }],
        ['MANIFEST_BLOB_UNKNOWN', { digest: 'b' }],
      ],
    )
  })

  it('of the storage are told by their kind', () => {
    const told = (['full', 'denied', 'readonly', 'busy'] as const).map((failure) => {
      const error = asRegistryError(new StorageError(failure, 'ENOSPC: /secret/path'))
      assert.doesNotMatch(JSON.stringify(error.entries), /secret/)
      return [error.code, error.status]
    })
    assert.deepEqual(told, [
      ['STORAGE_FULL', 507],
      ['STORAGE_DENIED', 503],
      ['STORAGE_READONLY', 503],
      ['STORAGE_BUSY', 503],
    ])
  })

  it('of anything else are UNKNOWN with nothing of the inside, and keep their cause for the log', () => {
    for (const cause of [new Error('/secret/path'), 'text', undefined, null, { code: 'BLOB_UNKNOWN', status: 404 }]) {
      const error = asRegistryError(cause)
      assert.deepEqual([error.code, error.status, error.cause], ['UNKNOWN', 500, cause])
      assert.doesNotMatch(JSON.stringify(error.entries), /secret/)
    }
    const own = new RegistryError('NAME_UNKNOWN')
    assert.equal(asRegistryError(own), own)
  })
})
