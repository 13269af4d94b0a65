import assert from 'node:assert/strict'
import { errorOf, exchange, jsonOf } from '../testing/exchange.ts'
import { newRepository, pushBlob, putManifest } from '../testing/push.ts'
import { sharedServer } from '../testing/shared-server.ts'
import type { TestServer } from '../testing/start-server.ts'

describe('beside the registry’s own routes', () => {
  let server: TestServer
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
  })

  it('GET / is 200, empty and not to be cached, as load balancers of CNCF distribution expect', async () => {
    const answer = await exchange(server, { path: '/' })
    assert.deepEqual([answer.status, answer.body.length, answer.headers['cache-control']], [200, 0, 'no-cache'])
  })

  it('GET /healthz says that the process lives, GET /readyz that it may be sent requests', async () => {
    const [alive, ready] = await Promise.all(['/healthz', '/readyz'].map((path) => exchange(server, { path })))
    assert.deepEqual([alive?.status, jsonOf(alive!)], [200, { status: 'ok' }])
    assert.deepEqual([ready?.status, jsonOf(ready!)], [200, { status: 'ok', failing: [] }])
  })

  for (const path of ['/nowhere', '/v1/', '/v20/', '/v2/a/b', '/V2/', '/healthz/x', '/v2/a/tags/list/', '//v2/']) {
    it(`GET ${path} is 404 in the error format`, async () => {
      const answer = await exchange(server, { path: `${server.url}${path}` })
      assert.equal(answer.status, 404)
      assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
      assert.deepEqual(errorOf(answer).message, 'no such endpoint')
    })
  }

  it('GET /v2 leads to /v2/', async () => {
    const answer = await exchange(server, { path: '/v2' })
    assert.deepEqual([answer.status, answer.headers.location], [301, '/v2/'])
  })
})

describe('a method that a route does not have', () => {
  let server: TestServer
  let repository: string
  let digest: string
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
    repository = newRepository()
    digest = await pushBlob(server, repository, Buffer.from('some'))
    await putManifest(server, repository, 'latest')
  })

  const routes: [path: () => string, allow: string][] = [
    [() => '/v2/', 'GET, HEAD'],
    [() => '/v2/_catalog', 'GET, HEAD'],
    [() => `/v2/${repository}/tags/list`, 'GET, HEAD'],
    [() => `/v2/${repository}/manifests/latest`, 'GET, HEAD, PUT, DELETE'],
    [() => `/v2/${repository}/blobs/${digest}`, 'GET, HEAD, DELETE'],
    [() => `/v2/${repository}/blobs/uploads/`, 'POST'],
    [() => `/v2/${repository}/blobs/uploads/0b0f7b2c-3f5e-4a53-8a6e-0d9d7a3f9f10`, 'GET, HEAD, PATCH, PUT, DELETE'],
    [() => `/v2/${repository}/referrers/${digest}`, 'GET, HEAD'],
  ]

  it('is 405 UNSUPPORTED, with Allow', async () => {
    for (const [path, allow] of routes) {
      const refused = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'].filter((method) => !allow.includes(method))
      for (const method of refused) {
        const answer = await exchange(server, { method, path: path() })
        assert.deepEqual([answer.status, answer.headers.allow], [405, allow], `${method} ${path()}`)
        assert.equal(errorOf(answer).code, 'UNSUPPORTED')
      }
    }
  })

  it('is named by OPTIONS, which is never refused', async () => {
    for (const [path, allow] of routes) {
      const answer = await exchange(server, { method: 'OPTIONS', path: path() })
      assert.deepEqual([answer.status, answer.headers.allow], [204, allow], path())
    }
  })
})
