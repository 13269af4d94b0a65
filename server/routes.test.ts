import assert from 'node:assert/strict'
import { errorOf, exchange } from '../testing/exchange.ts'
import { finish, getBlob, newRepository, patch, pushBlob, putManifest, startUpload } from '../testing/push.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

const unknownUpload = '0b0f7b2c-3f5e-4a53-8a6e-0d9d7a3f9f10'

describe('a registry that does not allow everything', () => {
  const repository = newRepository()
  let root: string
  let digest: string
  let server: TestServer

  before('content is pushed while it is allowed', async () => {
    const writable = await startServer({
      storage: 'filesystem',
      workers: 1,
      environment: { REGISTRY_STORAGE_DELETE_ENABLED: 'false' },
    })
    server = writable
    root = writable.root
    digest = await pushBlob(writable, repository, Buffer.from('some bytes'))
    assert.equal((await putManifest(writable, repository, 'latest')).status, 201)
  })
  afterEach('the content is still there', async () => {
    assert.equal((await getBlob(server, repository, digest)).status, 200)
    assert.equal((await exchange(server, { path: `/v2/${repository}/manifests/latest` })).status, 200)
  })
  after(() => server.stop())

  it('refuses to delete with 405 when storage.delete.enabled is false', async () => {
    const paths = [`manifests/latest`, `manifests/${digest}`, `blobs/${digest}`].map(
      (path) => `/v2/${repository}/${path}`,
    )
    for (const path of paths) {
      const answer = await exchange(server, { method: 'DELETE', path })
      assert.deepEqual([answer.status, errorOf(answer).code], [405, 'UNSUPPORTED'], path)
      assert.match(errorOf(answer).message, /storage\.delete\.enabled/)
    }
  })

  it('still cancels uploads then: they are nobody else’s', async () => {
    const location = await startUpload(server, repository)
    assert.equal((await exchange(server, { method: 'DELETE', path: location })).status, 204)
    assert.equal((await patch(server, location, Buffer.from('x'))).status, 404)
  })

  it('refuses everything that writes with 405 when storage.maintenance.readonly is enabled, and serves all else', async () => {
    await server.stop()
    server = await startServer({
      storage: 'filesystem',
      root,
      workers: 1,
      environment: { REGISTRY_STORAGE_MAINTENANCE_READONLY: '{"enabled":true}' },
    })
    const location = `/v2/${repository}/blobs/uploads/${unknownUpload}`
    const answers = await Promise.all([
      exchange(server, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` }),
      patch(server, location, Buffer.alloc(3_000_000)),
      finish(server, location, digest),
      putManifest(server, repository, 'v2'),
      exchange(server, { method: 'DELETE', path: `/v2/${repository}/manifests/latest` }),
      exchange(server, { method: 'DELETE', path: `/v2/${repository}/blobs/${digest}` }),
      exchange(server, { method: 'DELETE', path: location }),
    ])
    for (const answer of answers) {
      assert.deepEqual([answer.status, errorOf(answer).code], [405, 'UNSUPPORTED'])
      assert.match(errorOf(answer).message, /read-only/)
    }
  })
})
