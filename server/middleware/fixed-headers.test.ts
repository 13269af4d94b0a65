import assert from 'node:assert/strict'
import { exchange } from '../../testing/exchange.ts'
import { furnishedServer } from '../../testing/furnished-server.ts'
import { getBlob, newRepository, pushBlob, startUpload } from '../../testing/push.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import type { TestServer } from '../../testing/start-server.ts'

describe('the operator’s own headers', () => {
  let server: TestServer
  before(async () => {
    server = await furnishedServer()
  })

  it('are on every answer: http.headers, with all their values', async () => {
    const repository = newRepository()
    const digest = await pushBlob(server, repository, Buffer.alloc(200_000))
    const answers = [
      await exchange(server, { path: '/v2/' }),
      await exchange(server, { path: '/nowhere' }),
      await exchange(server, { path: '/healthz' }),
      await exchange(server, { method: 'OPTIONS', path: '/v2/' }),
      await getBlob(server, repository, digest),
    ]
    for (const { headers } of answers) {
      assert.deepEqual([headers['x-content-type-options'], headers['x-twice']], ['nosniff', 'one, two'])
    }
  })

  it('are on every answer: http.warnings, each as a Warning header of its own with code 299 (spec, Warnings)', async () => {
    const connection = await connectRaw(server)
    await connection.send(requestText('GET', '/v2/', { headers: { Connection: 'close' } }))
    await connection.closed()
    assert.deepEqual(
      [...connection.received().matchAll(/^Warning: (.*)\r$/gm)].map(([, value]) => value),
      ['299 - "This registry moves on Friday."', '299 - "Say \\"hello\\"."'],
    )
  })

  it('leave the registry’s own as they are', async () => {
    const answer = await exchange(server, { path: '/v2/' })
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
  })
})

describe('Location, with relativeurls: false behind a trusted proxy', () => {
  it('is the address that the client used, as the proxy tells it', async () => {
    const server = await furnishedServer()
    const path = `/v2/${newRepository()}/blobs/uploads/`
    const direct = await startUpload(server, newRepository())
    const proxied = await exchange(server, {
      method: 'POST',
      path,
      headers: { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example.com' },
    })
    assert.ok(direct.startsWith(`${server.url}/v2/`), direct)
    assert.ok(
      proxied.headers.location?.startsWith(`https://registry.example.com${path}`),
      String(proxied.headers.location),
    )
  })
})
