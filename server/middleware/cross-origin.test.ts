import assert from 'node:assert/strict'
import { exchange, type Answer } from '../../testing/exchange.ts'
import { allowedOrigin, furnishedServer } from '../../testing/furnished-server.ts'
import { sharedServer } from '../../testing/shared-server.ts'
import type { TestServer } from '../../testing/start-server.ts'

function corsHeaders({ headers }: Answer): string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'))
}

describe('calls from pages of another origin', () => {
  let server: TestServer
  before(async () => {
    server = await furnishedServer()
  })

  it('are preceded by a preflight, which is answered for every route, also for content that is not there', async () => {
    for (const path of ['/v2/', '/v2/a/manifests/latest', `/v2/a/blobs/uploads/`, '/v2/_catalog']) {
      const answer = await exchange(server, {
        method: 'OPTIONS',
        path,
        headers: {
          Origin: allowedOrigin,
          'Access-Control-Request-Method': 'PUT',
          'Access-Control-Request-Headers': 'authorization, x-custom',
        },
      })
      assert.equal(answer.status, 204)
      assert.equal(answer.headers['access-control-allow-origin'], allowedOrigin)
      assert.equal(answer.headers['access-control-allow-credentials'], 'true')
      assert.equal(answer.headers['access-control-allow-headers'], 'authorization, x-custom')
      assert.match(answer.headers['access-control-allow-methods'] ?? '', /PUT.*DELETE/)
      assert.ok(Number(answer.headers['access-control-max-age']) > 0)
      assert.equal(answer.headers.vary, 'Origin')
    }
  })

  it('may read the answer and its headers, also those of an error', async () => {
    for (const path of ['/v2/', '/v2/a/manifests/latest', '/nowhere']) {
      const answer = await exchange(server, { path, headers: { Origin: allowedOrigin } })
      assert.equal(answer.headers['access-control-allow-origin'], allowedOrigin, path)
      const exposed = answer.headers['access-control-expose-headers'] ?? ''
      for (const name of ['Docker-Content-Digest', 'Link', 'Location', 'WWW-Authenticate'])
        assert.ok(exposed.includes(name))
    }
  })

  it('are not allowed to pages of an origin that http.cors.origins does not have', async () => {
    for (const origin of ['https://evil.example.com', 'http://ui.example.com', `${allowedOrigin}.evil.com`, 'null']) {
      for (const method of ['GET', 'OPTIONS']) {
        assert.deepEqual(corsHeaders(await exchange(server, { method, path: '/v2/', headers: { Origin: origin } })), [])
      }
    }
  })

  it('are not allowed at all without http.cors.origins', async () => {
    const plain = await sharedServer({ storage: 'filesystem', workers: 1 })
    const answer = await exchange(plain, { path: '/v2/', headers: { Origin: allowedOrigin } })
    assert.deepEqual(corsHeaders(answer), [])
  })
})
