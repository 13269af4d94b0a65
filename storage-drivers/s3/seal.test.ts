// The bytes of an upload that has parts can be read only once these are one object, to which nothing can be added: who reads has to be alone.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { waitFor } from '../../testing/wait-for.ts'
import { bytesOf, collect, inChunks } from '../contract/streams-in-tests.ts'
import type { StagedUpload, StagingKeys, StorageDriver } from '../driver.ts'
import { shortTimes, startFakeStore, type FakeStore } from './fixtures/fake-store.ts'

const keys: StagingKeys = { begun: 'uploads/1/startedat', data: 'uploads/1/data', note: 'uploads/1/state' }
const partBytes = 10_000
const [first, more] = [randomBytes(25_000), randomBytes(17_000)]

describe('reading an upload on S3 that has parts', () => {
  let store: FakeStore
  let driver: StorageDriver
  beforeEach(async () => {
    store = await startFakeStore({ minPartBytes: 1000 })
    const { mostSilenceMs: _, ...times } = shortTimes
    driver = await store.open({ partBytes, copyPartBytes: partBytes }, { isReadonly: true, times })
    const staged = driver.stage(keys)
    await staged.begin('2026-11-21T09:28:48Z', '')
    await add(staged, first)
  })
  afterEach(() => store.close())

  async function opened(): Promise<StagedUpload> {
    const staged = driver.stage(keys)
    assert.ok(await staged.find())
    return staged
  }

  async function assertCommits(bytes: Buffer): Promise<void> {
    await (await opened()).commit('content')
    assert.ok((await bytesOf(driver, 'content')).equals(bytes), 'other bytes')
  }

  const completions = (): number =>
    store.server.requests.filter(({ operation }) => operation === 'CompleteMultipartUpload').length

  it('keeps others from adding to it meanwhile, whenever they looked at it, and the upload goes on afterwards', async () => {
    const gate = Promise.withResolvers<void>()
    const early = await opened()
    store.server.fault(
      { operation: 'CompleteMultipartUpload' },
      { kind: 'stall', until: gate.promise, afterBody: true },
    )
    const reader = await opened()
    const reading = reader.read().then(collect)
    await waitFor(() => completions() === 1)

    for (const writer of [early, await opened()])
      await assert.rejects(add(writer, randomBytes(10)), { storageFailure: 'conflict' })

    gate.resolve()
    assert.ok((await reading).equals(first), 'other bytes were read')
    await add(await opened(), more)
    await assertCommits(Buffer.concat([first, more]))
  })

  for (const [what, next] of [
    ['be finished', Buffer.of()],
    ['go on', more],
  ] as const) {
    it(`lets the upload ${what} when the reader died before it had written down that the parts are one object`, async () => {
      const dying = await opened()
      // The first puts its name into the state; the others would take it out again.
      store.server.fault(
        { operation: 'PutObject', key: /state/, nth: 2, times: 2 },
        { kind: 'answer', status: 403, code: 'AccessDenied' },
      )
      await assert.rejects(async () => collect(await dying.read()), /AccessDenied/)
      assert.equal(completions(), 1)

      if (next.length > 0) await add(await opened(), next)
      await assertCommits(Buffer.concat([first, next]))
    })
  }
})

async function add(staged: StagedUpload, bytes: Buffer): Promise<void> {
  await staged.append(inChunks(bytes, 3000), { note: () => '' })
  await staged.save('')
}
