/** Upload sessions that are misused: after their end, in another repository, twice at once, with a length that lies. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Answer } from './support/client.ts'
import { mediaTypes, randomBlob } from './support/content.ts'
import { assertBody, assertError, assertRefused, assertStatus } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import {
  assertAlive,
  blobPath,
  finishUpload,
  locationOf,
  pushBlob,
  sendChunk,
  startUpload,
  withQuery,
} from './support/push.ts'
import { openConnection, type RawConnection, requestHead } from './support/raw-socket.ts'
import { describeConformance } from './support/target.ts'

describeConformance('upload sessions', (registry) => {
  it('a chunk after the upload was finished is refused with 404, and the blob stays as it is', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    const patch = await sendChunk(registry, await startUpload(registry, repository), blob.bytes, 0)
    await finishUpload(registry, locationOf(patch), blob.digest)

    const late = await sendChunk(registry, locationOf(patch), randomBlob().bytes, blob.bytes.length)

    assertStatus(late, 404)
    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  })

  it('the status of a finished upload is 404', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    const location = await startUpload(registry, repository)
    await finishUpload(registry, location, blob.digest, blob.bytes)

    assertStatus(await registry.get(location), 404)
  })

  it('an upload can only be used in its own repository: elsewhere it is 404', async () => {
    const [first, second] = [newRepository(), newRepository()]
    const location = await startUpload(registry, first)
    const blob = randomBlob()
    await pushBlob(registry, second, randomBlob())
    const elsewhere = location.replace(first, second)

    assertStatus(await registry.get(elsewhere), 404)
    assertStatus(await sendChunk(registry, elsewhere, blob.bytes, 0), 404)
    assertStatus(await finishUpload(registry, elsewhere, blob.digest, blob.bytes), 404)
    assertStatus(await registry.head(blobPath(second, blob.digest)), 404)
    assertStatus(await registry.get(location), 204)
  })

  it('a body shorter than its Content-Length stores no blob', async () => {
    const repository = newRepository()
    const blob = randomBlob(10_000)
    const target = withQuery(await startUpload(registry, repository), 'digest', blob.digest)
    const connection = await openConnection(registry)

    await connection.write(requestHead(registry, 'PUT', target, { 'Content-Length': '20000' }))
    await connection.write(blob.bytes)
    await sleep(50)
    connection.cut()

    await sleep(100)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    await assertAlive(registry)
  })

  it('a body longer than its Content-Length stores no blob under the digest of all of it', async () => {
    const repository = newRepository()
    const blob = randomBlob(10_000)
    const target = withQuery(await startUpload(registry, repository), 'digest', blob.digest)
    const connection = await openConnection(registry)

    await connection.write(requestHead(registry, 'PUT', target, { 'Content-Length': '5000' }))
    await connection.write(blob.bytes)
    const head = await connection.readHead()
    connection.cut()

    assert.equal(head?.status, 400)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    await assertAlive(registry)
  })

  it('for a Content-Length that is no number the request is refused', async () => {
    const location = await startUpload(registry, newRepository())
    for (const length of ['many', '-5', '5, 6']) {
      const connection = await openConnection(registry)
      await connection.write(requestHead(registry, 'PATCH', location, { 'Content-Length': length }))
      const head = await connection.readHead()
      connection.cut()
      assert.equal(head?.status, 400, `Content-Length: ${length}`)
    }
  })

  describe('Lading promises', () => {
    const size = 600_000

    /** Sends half of a PATCH that begins at 0, so that another request can come between its halves. */
    const halfPatch = async (location: string, bytes: Buffer): Promise<RawConnection> => {
      const connection = await openConnection(registry)
      const headers = { 'Content-Length': String(size), 'Content-Range': `0-${size - 1}` }
      await connection.write(
        requestHead(registry, 'PATCH', location, { 'Content-Type': mediaTypes.octetStream, ...headers }),
      )
      await connection.write(bytes.subarray(0, size / 2))
      await sleep(50)
      return connection
    }

    const locationIn = (head: string): string =>
      new URL(/^location: (.*)$/im.exec(head)?.[1] ?? '', registry.baseUrl).href

    it('of two PATCH requests on one upload at the same time one wins, the other gets a clear error, and no bytes are mixed', async () => {
      const repository = newRepository()
      const [first, second] = [randomBlob(size), randomBlob(size)]
      const location = await startUpload(registry, repository)

      const connection = await halfPatch(location, first.bytes)
      const other = sendChunk(registry, location, second.bytes, 0)
      await sleep(100)
      await connection.write(first.bytes.subarray(size / 2))
      const firstHead = await connection.readHead()
      const firstStatus = firstHead?.status
      const otherAnswer = await other
      connection.cut()

      const accepted = [firstStatus, otherAnswer.status].filter((status) => status === 202)
      assert.equal(accepted.length, 1, `the answers were ${firstStatus} and ${otherAnswer.status}`)
      if (otherAnswer.status !== 202) assertRefused(otherAnswer)
      const winner = firstStatus === 202 ? first : second
      const status = await registry.get(
        firstStatus === 202 ? locationIn(firstHead?.text ?? '') : locationOf(otherAnswer),
      )
      assert.equal(status.header('range'), `0-${size - 1}`)
      assertStatus(await finishUpload(registry, locationOf(status), winner.digest), 201)
      assertBody(await registry.get(blobPath(repository, winner.digest)), winner.bytes)
    })

    it('of two PATCH requests that send in turns one wins, the other gets a clear error, and no bytes are mixed', async () => {
      const repository = newRepository()
      const location = await startUpload(registry, repository)
      const blobs = [randomBlob(size), randomBlob(size)]
      const connections = await Promise.all(blobs.map(() => openConnection(registry)))
      const headers = { 'Content-Type': mediaTypes.octetStream, 'Content-Length': String(size) }
      for (const connection of connections) await connection.write(requestHead(registry, 'PATCH', location, headers))

      const step = size / 20
      for (let offset = 0; offset < size; offset += step) {
        for (const [i, connection] of connections.entries()) {
          if (!connection.hasInput) await connection.write(blobs[i]!.bytes.subarray(offset, offset + step))
        }
        await sleep(5)
      }
      const heads = await Promise.all(connections.map((connection) => connection.readHead()))
      for (const connection of connections) connection.cut()

      const statuses = heads.map((head) => head?.status ?? 0)
      assert.equal(statuses.filter((status) => status === 202).length, 1, `the answers were ${statuses.join(' and ')}`)
      assert.ok(
        statuses.every((status) => status === 202 || (status >= 400 && status < 500)),
        statuses.join(' and '),
      )
      const winner = statuses.indexOf(202)
      const answer = await finishUpload(registry, locationIn(heads[winner]?.text ?? ''), blobs[winner]!.digest)
      assertStatus(answer, 201)
      assertBody(await registry.get(blobPath(repository, blobs[winner]!.digest)), blobs[winner]!.bytes)
    })

    it('a PUT that closes an upload while a PATCH is still sending never makes a blob of mixed bytes', async () => {
      const repository = newRepository()
      const [first, second] = [randomBlob(size), randomBlob(1000)]
      const location = await startUpload(registry, repository)

      const connection = await halfPatch(location, first.bytes)
      const closing = finishUpload(registry, location, second.digest, second.bytes)
      await sleep(100)
      await connection.write(first.bytes.subarray(size / 2))
      await connection.readHead()
      const answer = await closing
      connection.cut()

      const stored = await registry.get(blobPath(repository, second.digest))
      assertStatus(stored, answer.status === 201 ? 200 : 404)
      if (stored.status === 200) assertBody(stored, second.bytes)
    })

    it('of eight equal PUT requests that close one upload at the same time at least one succeeds, and the blob is right', async () => {
      const repository = newRepository()
      const blob = randomBlob(100_000)
      const location = locationOf(await sendChunk(registry, await startUpload(registry, repository), blob.bytes, 0))

      const closings: Answer[] = await Promise.all(
        Array.from({ length: 8 }, () => finishUpload(registry, location, blob.digest)),
      )

      assert.ok(closings.some((answer) => answer.status === 201))
      for (const answer of closings) if (answer.status !== 201) assertRefused(answer)
      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })

    it('a chunk for an upload that never was is 404 BLOB_UPLOAD_UNKNOWN', async () => {
      const unknown = `/v2/${newRepository()}/blobs/uploads/00000000-1111-4222-8333-444444444444`

      assertError(await sendChunk(registry, unknown, randomBlob().bytes, 0), 404, 'BLOB_UPLOAD_UNKNOWN')
    })
  })
})
