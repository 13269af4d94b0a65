import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { makeCertificates } from '../testing/certificates.ts'
import { requireTool } from '../testing/requirements.ts'
import { startVersitygw, type Versitygw } from '../testing/start-versitygw.ts'
import { collector, hashOf, inChunks } from './contract/streams-in-tests.ts'
import { openS3Driver } from './s3.ts'
import { s3OptionsFor } from './s3/fixtures/s3-options.ts'

describe('an S3 server that speaks TLS', () => {
  let server: Versitygw

  before(async function () {
    requireTool(this, 'versitygw')
    requireTool(this, 'openssl')
    server = await startVersitygw({ tls: makeCertificates().server })
    server.createBucket('tls')
  })
  after(() => server?.close())

  it('is refused when nobody who is trusted has signed its certificate', async () => {
    await assert.rejects(openS3Driver(s3OptionsFor(server, 'tls')), /certificate/)
  })

  it('is used all the same with skipverify, for uploads and downloads', async () => {
    const driver = await openS3Driver(s3OptionsFor(server, 'tls', { skipVerify: true }))
    const bytes = randomBytes(30_000_000)
    await driver.writeStream('a/data', inChunks(bytes), { length: bytes.length, sha256: hashOf(bytes) })
    for (const range of [
      { start: 0, end: bytes.length - 1 },
      { start: 12_345, end: 20_000_000 },
    ]) {
      const sink = collector()
      assert.equal(await driver.sendTo?.('a/data', range, sink.target), true)
      assert.equal(hashOf(sink.bytes()), hashOf(bytes.subarray(range.start, range.end + 1)))
    }
    await driver.close()
  })
})
