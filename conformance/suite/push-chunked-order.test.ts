/** spec, Pushing a blob in chunks: chunks out of order, and ranges that are none. */
import assert from 'node:assert/strict'

import { type Content, mediaTypes, randomBlob } from './support/content.ts'
import { assertBody, assertRefused, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { blobPath, finishUpload, locationOf, sendChunk, startChunkedUpload, withQuery } from './support/push.ts'
import { describeConformance } from './support/target.ts'

interface Begun {
  readonly repository: string
  readonly location: string
  readonly blob: Content
  readonly chunkSize: number
}

describeConformance('chunks out of order', (registry) => {
  /** An upload whose first of three chunks is stored. */
  const begin = async (): Promise<Begun> => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize * 3)
    const answer = await sendChunk(registry, location, blob.bytes.subarray(0, chunkSize), 0)
    assertStatus(answer, 202)
    return { repository, location: locationOf(answer), blob, chunkSize }
  }

  /** The way on that the specification shows after a refused chunk: ask for the status, send the rest from there. */
  const finishFromStatus = async ({ repository, location, blob, chunkSize }: Begun): Promise<void> => {
    const status = await registry.get(location)
    assertStatus(status, 204)
    assert.equal(requiredHeader(status, 'range'), `0-${chunkSize - 1}`)
    const rest = await sendChunk(registry, locationOf(status), blob.bytes.subarray(chunkSize), chunkSize)
    assertStatus(rest, 202)
    assertStatus(await finishUpload(registry, locationOf(rest), blob.digest), 201)
    assertBody(await registry.get(blobPath(repository, blob.digest)), blob.bytes)
  }

  const misplaced: readonly [what: string, offset: (chunkSize: number) => number][] = [
    ['a chunk that leaves a gap', (chunkSize) => chunkSize * 2],
    ['a chunk sent again', () => 0],
    ['a chunk that overlaps the last one', (chunkSize) => chunkSize - 1],
    ['a chunk that begins one byte late', (chunkSize) => chunkSize + 1],
    ['a chunk far beyond', (chunkSize) => chunkSize + 2 ** 40],
  ]
  for (const [what, offset] of misplaced) {
    it(`"If a chunk is uploaded out of order, the registry MUST respond with a \`416 Requested Range Not Satisfiable\` code": ${what}; the upload goes on from its status`, async () => {
      const begun = await begin()

      assertStatus(
        await sendChunk(registry, begun.location, randomBlob(begun.chunkSize).bytes, offset(begun.chunkSize)),
        416,
      )

      await finishFromStatus(begun)
    })
  }

  it('"The first chunk\'s range MUST begin with `0`": another one is refused with 416', async () => {
    const { location, chunkSize } = await startChunkedUpload(registry, newRepository())

    assertStatus(await sendChunk(registry, location, randomBlob(chunkSize).bytes, 1), 416)
  })

  it('"If the final chunk is uploaded out of order, the registry MUST respond with a `416 Requested Range Not Satisfiable` code"', async () => {
    const { repository, location, blob, chunkSize } = await begin()
    const rest = blob.bytes.subarray(chunkSize)

    const answer = await registry.put(withQuery(location, 'digest', blob.digest), rest, {
      'Content-Type': mediaTypes.octetStream,
      'Content-Range': `${chunkSize * 2}-${chunkSize * 4 - 1}`,
    })

    assertStatus(answer, 416)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
  })

  it('after a final chunk out of order the upload can still be finished from its status', async () => {
    const begun = await begin()
    await registry.put(
      withQuery(begun.location, 'digest', begun.blob.digest),
      begun.blob.bytes.subarray(0, begun.chunkSize),
      {
        'Content-Type': mediaTypes.octetStream,
        'Content-Range': `0-${begun.chunkSize - 1}`,
      },
    )

    await finishFromStatus(begun)
  })

  const malformed: readonly [what: string, range: (first: number, last: number) => string][] = [
    ['backwards', (first, last) => `${last}-${first}`],
    ['without an end', (first) => `${first}-`],
    ['no numbers', () => 'first-last'],
    ['negative', (_, last) => `-1-${last}`],
    ['longer than its chunk', (first, last) => `${first}-${last + 10}`],
    ['shorter than its chunk', (first, last) => `${first}-${last - 10}`],
  ]
  for (const [what, range] of malformed) {
    it(`a Content-Range that is ${what} is refused, and stores nothing`, async () => {
      const begun = await begin()
      const { location, blob, chunkSize } = begun

      const answer = await registry.patch(location, blob.bytes.subarray(chunkSize, chunkSize * 2), {
        'Content-Type': mediaTypes.octetStream,
        'Content-Range': range(chunkSize, chunkSize * 2 - 1),
      })

      assertRefused(answer)
      await finishFromStatus(begun)
    })
  }
})
