/** spec, API: "Where this specification does not define specific behavior, implementations SHOULD follow the HTTP semantics defined in RFC 9110". */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { mediaTypes, randomBlob, randomDigest } from './support/content.ts'
import { assertBody, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { assertAlive, blobPath, manifestPath, pushBlob, pushImage, startUpload, withQuery } from './support/push.ts'
import { openConnection, requestHead } from './support/raw-socket.ts'
import { describeConformance } from './support/target.ts'

const unknownUpload = '/blobs/uploads/00000000-1111-4222-8333-444444444444'

describeConformance('HTTP', (registry) => {
  it('an answer to HEAD has no body: blobs, manifests and errors (RFC 9110, section 9.3.2)', async () => {
    const [repository, tag] = [newRepository(), newTag()]
    const image = await pushImage(registry, repository, tag)
    const blob = randomBlob(5000)
    await pushBlob(registry, repository, blob)

    const paths = [
      blobPath(repository, blob.digest),
      manifestPath(repository, tag),
      blobPath(repository, randomDigest()),
    ]
    for (const path of paths) {
      const connection = await openConnection(registry)
      await connection.write(requestHead(registry, 'HEAD', path, { Accept: image.mediaType, Connection: 'close' }))
      assert.ok((await connection.readHead()) !== undefined)
      const rest = await connection.readRest(500)
      connection.cut()
      assert.equal(rest.length, 0, path)
    }
  })

  it('"Expect: 100-continue" is answered with 100 before the body is sent (RFC 9110, section 10.1.1)', async () => {
    const repository = newRepository()
    const blob = randomBlob(50_000)
    const target = withQuery(await startUpload(registry, repository), 'digest', blob.digest)
    const connection = await openConnection(registry)
    const headers = {
      'Content-Length': String(blob.bytes.length),
      'Content-Type': mediaTypes.octetStream,
      Expect: '100-continue',
    }

    await connection.write(requestHead(registry, 'PUT', target, headers))
    assert.equal((await connection.readHead(3000))?.status, 100)
    await connection.write(blob.bytes)

    assert.equal((await connection.readHead())?.status, 201)
    connection.cut()
    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  for (const [method, path] of [
    ['PATCH', (repository: string) => `/v2/${repository}${unknownUpload}`],
    ['PUT', (repository: string) => withQuery(`/v2/${repository}${unknownUpload}`, 'digest', randomDigest())],
  ] as const) {
    it(`a refusal before the body is read reaches a client that is still sending (${method}, 32 MiB announced)`, async () => {
      const repository = newRepository()
      await pushBlob(registry, repository, randomBlob())
      const connection = await openConnection(registry)
      const size = 32 * 1024 * 1024
      await connection.write(requestHead(registry, method, path(repository), { 'Content-Length': String(size) }))

      const block = Buffer.alloc(256 * 1024)
      for (let sent = 0; sent < size && !connection.hasInput; sent += block.length) await connection.write(block)
      const head = await connection.readHead()
      connection.cut()

      assert.equal(head?.status, 404)
      await assertAlive(registry)
    })
  }

  it('"an origin server MUST send either … an immediate response with a final status code … or … an immediate 100" to a client that expects one (RFC 9110, section 10.1.1)', async () => {
    const connection = await openConnection(registry)
    const headers = { 'Content-Length': '1000000', Expect: '100-continue' }

    await connection.write(requestHead(registry, 'PATCH', `/v2/${newRepository()}${unknownUpload}`, headers))
    const first = await connection.readHead(3000)
    connection.cut()

    assert.ok(first?.status === 404 || first?.status === 100, `got ${first?.status}`)
  })

  it('two requests sent at once on one connection get their answers in order (RFC 9112, section 9.3.2)', async () => {
    const repository = newRepository()
    const [first, second] = [randomBlob(10), randomBlob(20)]
    await pushBlob(registry, repository, first)
    await pushBlob(registry, repository, second)
    const connection = await openConnection(registry)

    const heads = [first, second].map((blob) => requestHead(registry, 'HEAD', blobPath(repository, blob.digest)))
    await connection.write(heads.join(''))

    assert.match((await connection.readHead())?.text ?? '', /content-length: 10\b/i)
    assert.match((await connection.readHead())?.text ?? '', /content-length: 20\b/i)
    connection.cut()
  })

  const refusals: readonly [what: string, method: string, target: () => string, bytes: number][] = [
    ['a manifest of 5 MiB', 'PUT', () => manifestPath(newRepository(), newTag()), 5 * 1024 * 1024],
    ['a chunk for an upload that is not there', 'PATCH', () => `/v2/${newRepository()}${unknownUpload}`, 300_000],
    [
      'a blob under an invalid digest',
      'POST',
      () => `/v2/${newRepository()}/blobs/uploads/?digest=sha256:short`,
      300_000,
    ],
  ]
  for (const [what, method, target, bytes] of refusals) {
    it(`"a server MUST read the entire request message body or close the connection after sending its response" (RFC 9112, section 9.3): ${what}`, async () => {
      const connection = await openConnection(registry)
      const headers = { 'Content-Type': mediaTypes.ociManifest, 'Transfer-Encoding': 'chunked' }
      await connection.write(requestHead(registry, method, target(), headers))
      await connection.write(`${bytes.toString(16)}\r\n`)
      await connection.write(Buffer.alloc(bytes, ' '))
      await connection.write('\r\n0\r\n\r\n')
      assert.ok((await connection.readHead()) !== undefined)

      await connection.write(requestHead(registry, 'HEAD', '/v2/'))
      const rest = await connection.readRest(1500)

      assert.ok(connection.hasEnded || rest.toString('latin1').includes('HTTP/1.1 '), 'the connection is stuck')
      connection.cut()
    })
  }

  it('a client that goes away in the middle of a download does no harm', async () => {
    const repository = newRepository()
    const blob = randomBlob(4_000_000)
    await pushBlob(registry, repository, blob)

    for (let i = 0; i < 10; i++) {
      const connection = await openConnection(registry)
      await connection.write(requestHead(registry, 'GET', blobPath(repository, blob.digest)))
      await connection.readHead()
      connection.cut()
    }

    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('a request with both Content-Length and Transfer-Encoding is refused, or read as chunked (RFC 9112, section 6.1)', async () => {
    const location = await startUpload(registry, newRepository())
    const connection = await openConnection(registry)

    await connection.write(
      requestHead(registry, 'PATCH', location, { 'Content-Length': '3', 'Transfer-Encoding': 'chunked' }),
    )
    await connection.write('5\r\nabcde\r\n0\r\n\r\n')
    const head = await connection.readHead()
    connection.cut()

    const text = head?.text ?? 'no answer'
    assert.ok(head?.status === 400 || /range: 0-4\b/i.test(text), text)
    await assertAlive(registry)
  })

  describe('Lading promises', () => {
    it('Location is path-absolute: it works behind any proxy', async () => {
      const repository = newRepository()

      const answer = await registry.post(`/v2/${repository}/blobs/uploads/`)

      assert.ok(requiredHeader(answer, 'location').startsWith(`/v2/${repository}/blobs/uploads/`))
    })

    it('X-Forwarded-Host of a client that is no trusted proxy changes no Location', async () => {
      const answer = await registry.post(`/v2/${newRepository()}/blobs/uploads/`, '', {
        'X-Forwarded-Host': 'evil.example.org',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'host=evil.example.org;proto=https',
      })

      assert.doesNotMatch(requiredHeader(answer, 'location'), /evil/)
    })

    it('a client that refuses to wait for 100 is refused before it sends: an upload that is not there is 404 without 100', async () => {
      const connection = await openConnection(registry)
      const headers = { 'Content-Length': '1000000', Expect: '100-continue' }

      await connection.write(requestHead(registry, 'PATCH', `/v2/${newRepository()}${unknownUpload}`, headers))
      const first = await connection.readHead(3000)
      connection.cut()

      assert.equal(first?.status, 404)
    })

    it('a connection stays usable after an error', async () => {
      const connection = await openConnection(registry)
      const missing = requestHead(registry, 'GET', blobPath(newRepository(), randomDigest()))

      await connection.write(missing)
      assert.equal((await connection.readHead())?.status, 404)
      await connection.readRest(100)
      await sleep(100)
      await connection.write(requestHead(registry, 'HEAD', '/v2/'))
      const rest = (await connection.readRest(1000)).toString()
      connection.cut()

      assert.match(rest, /HTTP\/1\.1 200/)
    })
  })
})
