/** Input that means harm: paths that climb, floods of headers, requests that are none. Each is refused, and the registry goes on. */
import assert from 'node:assert/strict'

import { mediaTypes, randomBlob, randomDigest } from './support/content.ts'
import { assertRefused, assertStatus, errorsOf } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { assertAlive, manifestPath, prepareImage, pushBlob } from './support/push.ts'
import { openConnection, requestHead } from './support/raw-socket.ts'
import { describeConformance } from './support/target.ts'

/** To the clean form of the path: nothing is made by that. */
const redirects = [301, 307, 308]

const climbing = [
  '/v2/../../etc/passwd',
  '/v2/a/../../b/blobs/uploads/',
  '/v2/%2e%2e/%2e%2e/blobs/uploads/',
  '/v2/..%2f..%2fetc/blobs/uploads/',
  '/v2/a%2F..%2Fb/blobs/uploads/',
  '/v2/a%5c..%5cb/blobs/uploads/',
  '/v2/a%00b/blobs/uploads/',
  '/v2/%c0%ae%c0%ae/blobs/uploads/',
  '/v2/a%/blobs/uploads/',
  '/v2/a%zz/blobs/uploads/',
  '/v2/./blobs/uploads/',
  '/v2//blobs/uploads/',
]

const uploadIds = [
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '%00',
  'a'.repeat(5000),
  'not-a-uuid',
  '00000000-1111-4222-8333-44444444444g',
  '00000000-1111-4222-8333-444444444444%2f..',
  '{00000000-1111-4222-8333-444444444444}',
  '*',
]

describeConformance('input that means harm', (registry) => {
  for (const target of climbing) {
    it(`a path that climbs or is broken begins no upload: POST ${target}`, async () => {
      const answer = await registry.send({ method: 'POST', target, followRedirects: false })

      if (!redirects.includes(answer.status)) assertRefused(answer)
      await assertAlive(registry)
    })
  }

  for (const id of uploadIds) {
    it(`an upload id that is none is refused by every method: ${id.slice(0, 45)}`, async () => {
      const repository = newRepository()
      await pushBlob(registry, repository, randomBlob())
      const target = `/v2/${repository}/blobs/uploads/${id}`

      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const query = method === 'PUT' ? `?digest=${randomDigest()}` : ''
        const answer = await registry.send({ method, target: target + query, followRedirects: false })
        if (!redirects.includes(answer.status)) assertRefused(answer)
      }
      await assertAlive(registry)
    })
  }

  it('a flood of headers (2 MB) is refused or cut off, and the registry goes on', async () => {
    const connection = await openConnection(registry)
    const flood = `X-Flood: ${'x'.repeat(1000)}\r\n`.repeat(2000)

    await connection.write(`${requestHead(registry, 'GET', '/v2/').slice(0, -2)}${flood}\r\n`)
    const head = await connection.readHead()
    connection.cut()

    assert.ok(head === undefined || (head.status >= 400 && head.status < 500), `got ${head?.status}`)
    await assertAlive(registry)
  })

  it('ten thousand small headers are answered or refused, and the registry goes on', async () => {
    const connection = await openConnection(registry)
    const many = Array.from({ length: 10_000 }, (_, i) => `X-${i}: y\r\n`).join('')

    await connection.write(`${requestHead(registry, 'GET', '/v2/').slice(0, -2)}${many}\r\n`)
    const head = await connection.readHead()
    connection.cut()

    assert.ok(head === undefined || head.status < 500, `got ${head?.status}`)
    await assertAlive(registry)
  })

  for (const [what, bytes] of [
    ['no HTTP at all', 'hello registry\r\n\r\n'],
    ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex')],
    ['a method nobody knows', 'BREW /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['a header with a line feed in it', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nA: b\nc\r\n\r\n'],
    ['two different hosts', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n'],
  ] as const) {
    it(`a request that is none is refused or cut off, and the registry goes on: ${what}`, async () => {
      const connection = await openConnection(registry)

      await connection.write(bytes)
      const answer = (await connection.readRest(300)).toString('latin1')
      connection.cut()

      assert.doesNotMatch(answer, /^HTTP\/1\.1 5(?!01|05)/)
      await assertAlive(registry)
    })
  }

  it('fifty connections that stall in the middle of a request keep nobody else waiting', async () => {
    const target = manifestPath(newRepository(), newTag())
    const head = requestHead(registry, 'PUT', target, {
      'Content-Type': mediaTypes.ociManifest,
      'Content-Length': '1000',
    })
    const stalled = await Promise.all(Array.from({ length: 50 }, () => openConnection(registry)))
    await Promise.all(stalled.map((connection) => connection.write(`${head}{`)))

    const startedAt = Date.now()
    await assertAlive(registry)
    const elapsedMs = Date.now() - startedAt
    for (const connection of stalled) connection.cut()

    assert.ok(elapsedMs < 2000, `${elapsedMs} ms`)
  })

  describe('Lading promises', () => {
    // RFC 3986 leaves open whether `%2F` is `/`: here it is not, it is a character that no name has.
    for (const target of [...climbing, '/v2/a%2fb/blobs/uploads/']) {
      it(`a path that climbs or is broken is 400 or 404 in the error format: POST ${target}`, async () => {
        const answer = await registry.send({ method: 'POST', target, followRedirects: false })

        assertStatus(answer, 400, 404)
        errorsOf(answer)
      })
    }

    for (const id of uploadIds.filter((id) => id.length < 1000)) {
      it(`an upload id that is none is 400 or 404 in the error format: ${id.slice(0, 45)}`, async () => {
        const answer = await registry.get(`/v2/${newRepository()}/blobs/uploads/${id}`)

        assertStatus(answer, 400, 404)
        errorsOf(answer)
      })
    }

    it('a flood of headers (200 KB) is refused with 431, readably', async () => {
      const connection = await openConnection(registry)
      const flood = `X-Flood: ${'x'.repeat(1000)}\r\n`.repeat(200)

      await connection.write(`${requestHead(registry, 'GET', '/v2/').slice(0, -2)}${flood}\r\n`)
      const head = await connection.readHead()
      connection.cut()

      assert.equal(head?.status, 431)
    })

    it('a digest whose colon is percent-encoded is the same digest', async () => {
      const repository = newRepository()
      const blob = randomBlob()
      await pushBlob(registry, repository, blob)
      const image = await prepareImage(registry, repository)
      const encoded = (digest: string): string => digest.replace(':', '%3A')

      assertStatus(await registry.get(`/v2/${repository}/blobs/${encoded(blob.digest)}`), 200)
      const target = manifestPath(repository, encoded(image.digest))
      assertStatus(await registry.put(target, image.bytes, { 'Content-Type': image.mediaType }), 201)
    })
  })
})
