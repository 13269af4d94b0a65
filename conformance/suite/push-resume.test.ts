/** spec, Use Cases, Resumable Push: "The build server responds by only sending the remaining data to complete the blob transfer." */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Answer } from './support/client.ts'
import { type Content, mediaTypes, randomBlob } from './support/content.ts'
import { assertBody, assertRefused, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, finishUpload, locationOf, sendChunk, startUpload } from './support/push.ts'
import { openConnection, requestHead } from './support/raw-socket.ts'
import { describeConformance } from './support/target.ts'

const size = 2_000_000
const sent = 1_500_000

describeConformance('resuming a push after a cut connection', (registry) => {
  /** Sends the first part of a blob in a PATCH that promises all of it, and cuts the connection. */
  const cutPatch = async (location: string, blob: Content, framing: 'Content-Length' | 'chunked'): Promise<void> => {
    const connection = await openConnection(registry)
    const headers = framing === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(size) }
    await connection.write(
      requestHead(registry, 'PATCH', location, { 'Content-Type': mediaTypes.octetStream, ...headers }),
    )
    const part = blob.bytes.subarray(0, sent)
    if (framing === 'chunked') await connection.write(`${sent.toString(16)}\r\n`)
    await connection.write(part)
    await sleep(50)
    connection.cut()
  }

  /** The status once it stands still: the server may not have noticed the cut yet. */
  const settledStatus = async (location: string): Promise<Answer> => {
    let before = ''
    for (let attempt = 0; attempt < 50; attempt++) {
      const status = await registry.get(location)
      const now = `${status.status} ${status.header('range') ?? ''}`
      if (status.status === 204 && now === before) return status
      if (status.status === 404 && now === before && attempt > 10) break
      before = now
      await sleep(60)
    }
    throw new Error(`the status of the upload never settled: ${before}`)
  }

  /** `Range: 0-0` says one byte, or none: then the specification leaves it open, and offset 0 is what it means for a new upload. */
  const offsetOf = (status: Answer): number => {
    const last = Number(/^0-(\d+)$/.exec(requiredHeader(status, 'range'))?.[1])
    return last === 0 ? 0 : last + 1
  }

  for (const framing of ['Content-Length', 'chunked'] as const) {
    it(`after a PATCH that was cut (${framing}), GET tells the offset, and the rest from there completes the blob`, async () => {
      const repository = newRepository()
      const blob = randomBlob(size)
      const location = await startUpload(registry, repository)
      await cutPatch(location, blob, framing)

      const status = await settledStatus(location)
      const offset = offsetOf(status)
      assert.ok(offset <= sent, `${offset} bytes stored of ${sent} sent`)
      const rest = await sendChunk(registry, locationOf(status), blob.bytes.subarray(offset), offset)

      assertStatus(rest, 202)
      assertStatus(await finishUpload(registry, locationOf(rest), blob.digest), 201)
      assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
    })

    it(`a PATCH that was cut (${framing}) never makes a blob`, async () => {
      const repository = newRepository()
      const blob = randomBlob(size)
      const location = await startUpload(registry, repository)
      await cutPatch(location, blob, framing)
      const status = await settledStatus(location)

      assertRefused(await finishUpload(registry, locationOf(status), blob.digest))

      assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
    })
  }

  describe('Lading promises', () => {
    for (const framing of ['Content-Length', 'chunked'] as const) {
      it(`the bytes that arrived before the cut are kept (${framing})`, async () => {
        const location = await startUpload(registry, newRepository())
        await cutPatch(location, randomBlob(size), framing)

        const offset = offsetOf(await settledStatus(location))

        assert.ok(offset > 0 && offset <= sent, `${offset} bytes kept of ${sent}`)
      })
    }
  })
})
