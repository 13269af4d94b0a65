// What is found out about a store before it is used.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Fault, FakeS3Options, Operation } from '../../testing/fake-s3/start-fake-s3.ts'
import { bytesOf, inChunks } from '../contract/streams-in-tests.ts'
import type { StorageDriver } from '../driver.ts'
import { startFakeStore, type FakeStore } from './fixtures/fake-store.ts'

describe('the probe of an S3 store', () => {
  let store: FakeStore | undefined
  afterEach(() => store?.close())

  async function start(options?: FakeS3Options): Promise<FakeStore> {
    store = await startFakeStore(options)
    return store
  }
  const unkept = (driver: StorageDriver): string[] =>
    Object.entries(driver.guarantees ?? {}).flatMap(([name, sentence]) => (sentence.startsWith('kept') ? [] : [name]))

  it('finds that a store like Amazon keeps everything, and leaves nothing there', async () => {
    const { open, server, bucket } = await start()
    const driver = await open({ rootDirectory: 'root' })
    assert.deepEqual([unkept(driver), driver.comparesAndSwaps], [[], true])
    assert.deepEqual([server.keys(bucket), server.openUploads(bucket)], [[], []])
  })

  it('finds out a store that ignores conditions: replicas need locks there, one process does not', async () => {
    const { open } = await start({ conditional: false })
    const driver = await open()
    assert.deepEqual([unkept(driver), driver.comparesAndSwaps], [['compareAndSwap', 'conditionalDelete'], false])
    assert.match(driver.guarantees?.['compareAndSwap'] ?? '', /several replicas need Redis for their locks/)

    const bytes = randomBytes(40_000_000)
    const staged = driver.stage({ begun: 'u/begun', data: 'u/data', note: 'u/note' })
    await staged.begin('2026-11-21T09:28:48Z', '')
    for (const part of [bytes.subarray(0, 20_000_000), bytes.subarray(20_000_000)]) {
      await staged.find()
      await staged.append(inChunks(part), { note: () => '' })
      await staged.save('')
    }
    await staged.commit('key')
    await staged.discard()
    assert.ok((await bytesOf(driver, 'key')).equals(bytes))
  })

  const unknown: [string, Operation, number, string[]][] = [
    ['conditions on writing', 'PutObject', 2, ['compareAndSwap']],
    ['conditions on deleting', 'DeleteObject', 1, ['conditionalDelete']],
    ['multipart uploads', 'CreateMultipartUpload', 1, ['multipart']],
  ]
  for (const [what, operation, nth, missing] of unknown) {
    it(`finds out a store that refuses ${what}, which is of use all the same`, async () => {
      const { open, server } = await start()
      server.fault({ operation, nth }, { kind: 'answer', status: 501, code: 'NotImplemented' })
      const driver = await open()
      assert.deepEqual(unkept(driver), missing)
    })
  }

  const faults: Fault[] = [
    { kind: 'lost-answer' },
    { kind: 'answer', status: 500, code: 'InternalError' },
    { kind: 'answer', status: 409, code: 'OperationAborted' },
    { kind: 'cut-answer', afterBytes: 5 },
  ]
  it('is not misled by a store that fails for a moment, whatever it was being asked', async () => {
    const { open, server } = await start()
    await Promise.all(
      faults.flatMap((fault) =>
        (
          ['PutObject', 'GetObject', 'DeleteObject', 'UploadPart', 'CompleteMultipartUpload', 'ListObjectsV2'] as const
        ).map(async (operation, index) => {
          for (const nth of [1, 2, 3, 5]) server.fault({ operation, nth: nth + index }, fault)
          assert.deepEqual(unkept(await open()), [], `${operation} ${fault.kind}`)
        }),
      ),
    )
  })

  it('writes nothing where the registry is read-only, and promises nothing', async () => {
    const { open, server } = await start()
    const driver = await open({}, { isReadonly: true })
    assert.equal(server.requests.length, 0)
    assert.ok(Object.values(driver.guarantees ?? {}).every((sentence) => sentence.startsWith('not asked for')))
  })

  it('cannot be disturbed by other processes that ask at the same time', async () => {
    const { open } = await start()
    const drivers = await Promise.all(Array.from({ length: 20 }, () => open()))
    for (const driver of drivers) assert.deepEqual(unkept(driver), [])
  })
})
