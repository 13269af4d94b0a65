import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { freshFolder } from '../testing/fresh-folder.ts'
import { furnishedServer } from '../testing/furnished-server.ts'
import { emptyIndex } from '../testing/push.ts'
import { connectRaw, requestText } from '../testing/raw-connection.ts'
import { requireTool } from '../testing/requirements.ts'
import { sharedServer } from '../testing/shared-server.ts'
import type { TestServer } from '../testing/start-server.ts'

const run = promisify(execFile)
const bodyBytes = 50_000_000
const part = Buffer.alloc(1_000_000, ' ')
const unknownUpload = '/v2/a/blobs/uploads/0b0f7b2c-3f5e-4a53-8a6e-0d9d7a3f9f10'

const refusals: [status: number, code: string, method: string, path: string][] = [
  [413, 'SIZE_INVALID', 'PUT', '/v2/a/manifests/latest'],
  [404, 'BLOB_UPLOAD_UNKNOWN', 'PATCH', unknownUpload],
  [400, 'NAME_INVALID', 'PUT', '/v2/Not-A-Name/manifests/latest'],
  [400, 'DIGEST_INVALID', 'PUT', `${unknownUpload}?digest=sha256:short`],
]

describe('a request that is refused while the client is still sending 50 MB', () => {
  let server: TestServer
  before(async () => {
    server = await sharedServer({ storage: 'filesystem', workers: 1 })
  })

  for (const [status, code, method, target] of refusals) {
    const title = `${status} ${code} for ${method} ${target.slice(0, 40)}`

    it(`is answered at once, not after all of it: ${title}`, async () => {
      const connection = await connectRaw(server)
      await connection.send(requestText(method, target, { headers: { 'Content-Length': bodyBytes } }))
      await connection.send(part)
      assert.match(await connection.expect(/"errors":\[.+\]\}\n$/), new RegExp(`^HTTP/1\\.1 ${status} [^]*"${code}"`))
      connection.cut()
    })

    it(`reaches a client that reads only after it has sent everything: ${title}`, async () => {
      const connection = await connectRaw(server)
      connection.socket.pause()
      const failed = new Promise<Error>((resolve) => connection.socket.once('error', resolve))
      await connection.send(requestText(method, target, { headers: { 'Content-Length': bodyBytes } }))
      const sending = (async () => {
        for (let sent = 0; sent < bodyBytes; sent += part.length) await connection.send(part)
      })()

      assert.equal(await Promise.race([sending, failed]), undefined)
      connection.socket.resume()
      assert.match(await connection.expect(/"errors":\[.+\]\}\n$/), new RegExp(`^HTTP/1\\.1 ${status} [^]*"${code}"`))
      connection.cut()
    })
  }

  it('reaches it also when the body has no announced length, and is too long only after a while', async () => {
    const connection = await connectRaw(server)
    connection.socket.pause()
    const failed = new Promise<Error>((resolve) => connection.socket.once('error', resolve))
    await connection.send(requestText('PUT', '/v2/a/manifests/latest', { headers: { 'Transfer-Encoding': 'chunked' } }))
    const sending = (async () => {
      for (let sent = 0; sent < bodyBytes; sent += part.length) {
        await connection.send(`${part.length.toString(16)}\r\n`)
        await connection.send(part)
        await connection.send('\r\n')
      }
      await connection.send('0\r\n\r\n')
    })()

    assert.equal(await Promise.race([sending, failed]), undefined)
    connection.socket.resume()
    assert.match(await connection.expect(/"errors":\[.+\]\}\n$/), /^HTTP\/1\.1 413 [^]*"SIZE_INVALID"/)
    connection.cut()
  })

  it('shows curl the error, with and without a length', async function () {
    requireTool(this, 'curl')
    const file = path.join(freshFolder(), 'body')
    fs.writeFileSync(file, Buffer.alloc(bodyBytes, ' '))
    for (const header of ['Expect:', 'Expect: 100-continue', 'Transfer-Encoding: chunked']) {
      const options = ['--silent', '--show-error', '--write-out', ' %{http_code}', '--header', header]
      const { stdout } = await run('curl', [...options, '--upload-file', file, `${server.url}/v2/a/manifests/latest`])
      assert.match(stdout, /"SIZE_INVALID".* 413$/s, header)
    }
  })

  it('shows a Go client the error, not a broken pipe', async function () {
    requireTool(this, 'regctl')
    // It refuses to send more than 4 MiB, so this registry takes less.
    const { port } = await furnishedServer()
    const index = { ...(JSON.parse(emptyIndex) as object), annotations: { much: 'x'.repeat(4_000_000) } }
    const put = run('regctl', [
      '--host',
      `reg=127.0.0.1:${port},tls=disabled`,
      'manifest',
      'put',
      `127.0.0.1:${port}/a:latest`,
    ])
    put.child.stdin?.on('error', () => {}).end(JSON.stringify(index))

    await assert.rejects(put, (error: Error & { stderr: string }) => {
      assert.doesNotMatch(error.stderr, /broken pipe|connection reset|EOF/)
      assert.match(error.stderr, /manifests are at most 100000 bytes long/)
      return true
    })
  })
})
