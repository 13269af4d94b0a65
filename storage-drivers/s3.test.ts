import { requireTool } from '../testing/requirements.ts'
import { startFakeS3, type FakeS3 } from '../testing/fake-s3/start-fake-s3.ts'
import { secondS3Tool, startSecondS3, type SecondS3 } from '../testing/start-second-s3.ts'
import { startVersitygw, type Versitygw } from '../testing/start-versitygw.ts'
import { describeStorageDriver } from './contract.ts'
import { openS3Driver } from './s3.ts'
import { s3OptionsFor } from './s3/fixtures/s3-options.ts'

const mebibyte = 1024 * 1024
let buckets = 0

describe('on a fake S3', () => {
  let server: FakeS3

  before(async () => {
    server = await startFakeS3()
  })
  after(() => server.close())

  describeStorageDriver(
    's3',
    () => {
      const bucket = `bucket-${++buckets}`
      server.createBucket(bucket)
      return openS3Driver(s3OptionsFor(server, bucket))
    },
    { sends: true, manyKeys: 20_000 },
  )

  describeStorageDriver(
    's3, with a prefix and small parts',
    () => {
      const bucket = `bucket-${++buckets}`
      server.createBucket(bucket)
      return openS3Driver(s3OptionsFor(server, bucket, { rootDirectory: '/some/where/', partBytes: 5 * mebibyte }))
    },
    { sends: true, manyKeys: 10_000 },
  )
})

describe('on versitygw', () => {
  let server: Versitygw

  before(async function () {
    requireTool(this, 'versitygw')
    server = await startVersitygw()
  })
  after(() => server?.close())

  describeStorageDriver(
    's3',
    () => {
      const bucket = `bucket-${++buckets}`
      server.createBucket(bucket)
      return openS3Driver(s3OptionsFor(server, bucket))
    },
    { sends: true, manyKeys: 4000 },
  )
})

describe('on an S3 server of another make', () => {
  let server: SecondS3

  before(async function () {
    requireTool(this, secondS3Tool)
    server = await startSecondS3()
  })
  after(() => server?.close())

  describeStorageDriver(
    's3, with a prefix and small parts',
    async () => {
      const bucket = `bucket-${++buckets}`
      await server.createBucket(bucket)
      return openS3Driver(s3OptionsFor(server, bucket, { rootDirectory: '/some/where/', partBytes: 5 * mebibyte }))
    },
    { sends: true, manyKeys: 2000 },
  )
})
