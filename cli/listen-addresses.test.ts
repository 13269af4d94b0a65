import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { exchange, jsonOf, type ExchangeTarget } from '../testing/exchange.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { emptyIndex, finish, getBlob, newRepository, patch, sha256, startUpload } from '../testing/push.ts'
import { startServer, type TestServer } from '../testing/start-server.ts'

describe('a registry on a unix socket (http.net: unix)', () => {
  const socketPath = path.join(freshFolder(), 'registry.sock')
  let server: TestServer
  let target: ExchangeTarget
  const start = (): Promise<TestServer> =>
    startServer({
      storage: 'filesystem',
      workers: 2,
      readyWhen: /msg=listening/,
      environment: {
        REGISTRY_LOG_LEVEL: 'info',
        REGISTRY_LOG_ACCESSLOG_DISABLED: 'false',
        REGISTRY_HTTP_NET: 'unix',
        REGISTRY_HTTP_ADDR: socketPath,
      },
    })
  before(async () => {
    server = await start()
    target = { url: 'http://registry.test', socketPath }
  })
  after(() => server.stop())

  it('serves pushes and pulls', async () => {
    const repository = newRepository()
    const bytes = Buffer.alloc(500_000, 'unix')
    const location = await startUpload(target, repository)
    assert.equal((await patch(target, location, bytes)).status, 202)
    assert.equal((await finish(target, location, sha256(bytes))).status, 201)
    assert.deepEqual((await getBlob(target, repository, sha256(bytes))).body, bytes)
  })

  it('removes the socket when it ends, writes a `-` for its clients in the log, and can start again', async () => {
    await server.stop()
    assert.equal(fs.existsSync(socketPath), false)
    assert.match(server.stdout(), /^- - - \[.+\] "POST \/v2\//m)
    server = await start()
    assert.equal((await exchange(target, { path: '/v2/' })).status, 200)
  })

  it('starts again after it was killed and left its socket behind', async () => {
    await server.kill()
    assert.ok(fs.existsSync(socketPath))
    server = await start()
    assert.equal((await exchange(target, { path: '/v2/' })).status, 200)
  })
})

describe('a registry below a path (http.prefix), with a host of its own (http.host)', () => {
  const origin = 'https://registry.example.com:8443'
  let server: TestServer
  before(async () => {
    server = await startServer({
      storage: 'filesystem',
      workers: 1,
      environment: { REGISTRY_HTTP_PREFIX: '/registry/', REGISTRY_HTTP_HOST: origin },
    })
  })
  after(() => server.stop())

  it('is there, and nowhere else', async () => {
    assert.equal((await exchange(server, { path: '/registry/v2/' })).status, 200)
    assert.equal((await exchange(server, { path: '/v2/' })).status, 404)
    assert.equal((await exchange(server, { path: '/registry/v2/nowhere' })).status, 404)
    const bare = await exchange(server, { path: '/registry/v2' })
    assert.deepEqual([bare.status, bare.headers.location], [301, '/registry/v2/'])
  })

  it('hands out addresses with both', async () => {
    const path = `/registry/v2/${newRepository()}/blobs/uploads/`
    const started = await exchange(server, { method: 'POST', path })
    assert.ok(started.headers.location?.startsWith(`${origin}${path}`), String(started.headers.location))
  })

  it('links to the next page below the path', async () => {
    const repository = newRepository()
    const put = (tag: string) =>
      exchange(server, {
        method: 'PUT',
        path: `/registry/v2/${repository}/manifests/${tag}`,
        headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
        body: emptyIndex,
      })
    for (const tag of ['a', 'b', 'c']) assert.equal((await put(tag)).status, 201)
    const page = await exchange(server, { path: `/registry/v2/${repository}/tags/list?n=2` })
    assert.deepEqual(jsonOf<{ tags: string[] }>(page).tags, ['a', 'b'])
    const next = /^<([^>]+)>/.exec(String(page.headers.link))?.[1] ?? ''
    assert.deepEqual(jsonOf<{ tags: string[] }>(await exchange(server, { path: next })).tags, ['c'])
  })
})
