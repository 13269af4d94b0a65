/** Several ranges in one request (RFC 9110, sections 14.2 and 14.6), as lazy pullers send them. */
import assert from 'node:assert/strict'

import { type Content, randomBlob } from './support/content.ts'
import { assertBody, assertStatus, requiredHeader } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import { parseByteRanges } from './support/multipart.ts'
import { blobPath, pushBlob } from './support/push.ts'
import { describeConformance } from './support/target.ts'

const size = 20_000

describeConformance('several ranges of a blob', (registry) => {
  let path: string
  let blob: Content

  before(async () => {
    const repository = newRepository()
    blob = randomBlob(size)
    await pushBlob(registry, repository, blob)
    path = blobPath(repository, blob.digest)
  })

  it('whatever is answered to several ranges is true: parts with the bytes they name, one range, the whole blob, or a refusal', async () => {
    const answer = await registry.get(path, { Range: 'bytes=0-99,5000-5099,-50' })

    assertStatus(answer, 200, 206, 400, 416)
    if (answer.status === 200) assertBody(answer, blob.bytes)
    if (answer.status === 206 && answer.header('content-range') === undefined) {
      for (const part of parseByteRanges(answer))
        assert.ok(part.body.equals(blob.bytes.subarray(part.first, part.last + 1)))
    }
  })

  describe('Lading promises', () => {
    const requests: readonly [range: string, parts: readonly [first: number, last: number][]][] = [
      [
        'bytes=0-99,5000-5099',
        [
          [0, 99],
          [5000, 5099],
        ],
      ],
      [
        'bytes=0-0,-1',
        [
          [0, 0],
          [19_999, 19_999],
        ],
      ],
      [
        'bytes=19000-,0-9',
        [
          [19_000, 19_999],
          [0, 9],
        ],
      ],
      [
        'bytes=10-19, 100-109 , 1000-1009',
        [
          [10, 19],
          [100, 109],
          [1000, 1009],
        ],
      ],
      [
        'bytes=0-9,500-509,99999-100000',
        [
          [0, 9],
          [500, 509],
        ],
      ],
    ]
    for (const [range, expected] of requests) {
      it(`Range: ${range} answers multipart/byteranges with exactly its satisfiable parts, in the order asked`, async () => {
        const answer = await registry.get(path, { Range: range })

        assertStatus(answer, 206)
        const parts = parseByteRanges(answer)
        assert.deepEqual(
          parts.map(({ first, last }) => [first, last]),
          expected,
        )
        for (const part of parts) {
          assert.equal(part.size, size)
          assert.ok(part.body.equals(blob.bytes.subarray(part.first, part.last + 1)))
        }
      })
    }

    it('a multipart answer has the exact Content-Length, and no Content-Range of its own', async () => {
      const answer = await registry.get(path, { Range: 'bytes=0-99,5000-5099' })

      assertStatus(answer, 206)
      assert.equal(requiredHeader(answer, 'content-length'), String(answer.body.length))
      assert.equal(answer.header('content-range'), undefined)
    })

    it('when only one of several ranges can be satisfied, the answer has that one', async () => {
      const answer = await registry.get(path, { Range: 'bytes=30000-30001,10-19' })

      assertStatus(answer, 206)
      const body = answer.header('content-range') === undefined ? parseByteRanges(answer)[0]?.body : answer.body
      assert.ok(body?.equals(blob.bytes.subarray(10, 20)))
    })

    it('when none of several ranges can be satisfied, the answer is 416', async () => {
      assertStatus(await registry.get(path, { Range: 'bytes=30000-30001,40000-' }), 416)
    })

    it('a thousand overlapping ranges do not multiply the blob', async () => {
      const range = `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-`).join(',')}`

      const answer = await registry.get(path, { Range: range })

      assertStatus(answer, 200, 206, 400, 416)
      assert.ok(answer.body.length <= 3 * size, `${answer.body.length} bytes for a blob of ${size}`)
    })
  })
})
