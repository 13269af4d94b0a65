import assert from 'node:assert/strict'
import { finish, newRepository, sha256, startUpload } from '../testing/push.ts'
import { connectRaw, requestText } from '../testing/raw-connection.ts'
import { sharedServer } from '../testing/shared-server.ts'
import type { TestServer } from '../testing/start-server.ts'

const body = 'the bytes of a layer'
const headers = { Expect: '100-continue', 'Content-Length': body.length }

describe('Expect: 100-continue', () => {
  let server: TestServer
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
  })

  it('is answered with 100 when the body is wanted, then with the answer', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers }))
    await connection.expect(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)

    await connection.send(body)
    await connection.expect(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /)

    await connection.send(requestText('GET', '/v2/'))
    await connection.expect(/HTTP\/1\.1 200 OK[^]*\{\}$/)
    connection.cut()
    assert.equal((await finish(server, location, sha256(Buffer.from(body)))).status, 201)
  })

  it('of a client that does not wait for it is no hindrance', async () => {
    const location = await startUpload(server, newRepository())
    const connection = await connectRaw(server)
    await connection.send(requestText('PATCH', location, { headers, body }))
    await connection.expect(/HTTP\/1\.1 202 /)
    connection.cut()
  })

  const unknownUpload = '/v2/a/blobs/uploads/0b0f7b2c-3f5e-4a53-8a6e-0d9d7a3f9f10'
  const refusals: [status: number, method: string, path: string, contentLength: number][] = [
    [404, 'PATCH', unknownUpload, 50_000_000],
    [400, 'PUT', '/v2/Not-A-Name/manifests/latest', 1000],
    [400, 'PUT', '/v2/a/manifests/not:a-digest', 1000],
    [400, 'PUT', `${unknownUpload}?digest=sha256:short`, 50_000_000],
    [413, 'PUT', '/v2/a/manifests/latest', 5_000_000],
    [405, 'PATCH', '/v2/a/manifests/latest', 1000],
    [404, 'PUT', '/nowhere', 1000],
  ]
  for (const [status, method, path, contentLength] of refusals) {
    it(`is not answered with 100 when the request is refused anyway: ${status} for ${method} ${path.slice(0, 50)}`, async () => {
      const connection = await connectRaw(server)
      const expecting = { Expect: '100-continue', 'Content-Length': contentLength }
      await connection.send(requestText(method, path, { headers: expecting }))

      // Whether the body follows is the client's choice, so nothing else can follow on this connection.
      const answer = await connection.expect(/\{"errors":\[.+\]\}\n$/)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(answer, /^Connection: close\r$/m)
      await connection.closed()
    })
  }
})
