import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { startFakeS3, type FakeS3 } from '../../testing/fake-s3/start-fake-s3.ts'
import { hashOf, inChunks } from '../contract/streams-in-tests.ts'
import type { Batches, StagedUpload } from '../driver.ts'
import { createBucket, type Bucket } from './bucket.ts'
import { resolveEndpoint } from './endpoint.ts'
import { s3OptionsFor } from './fixtures/s3-options.ts'
import { stageOnS3 } from './staging.ts'
import { createTransport, type Transport } from './transport.ts'
import { createUploadMemory, type UploadMemory } from './upload-memory.ts'
import { createUploadStates } from './upload-state.ts'
import { writeStreamToS3 } from './write-stream.ts'

const kibibyte = 1024
const partBytes = 64 * kibibyte

describe('the memory of uploads', () => {
  /** Whether a promise has been kept by now. */
  async function isGranted(promise: Promise<unknown>): Promise<boolean> {
    await turn()
    return Promise.race([promise.then(() => true), turn(false)])
  }

  it('is given in the order of asking, and a large wish is not passed by small ones', async () => {
    const memory = createUploadMemory(100)
    const first = await memory.take(60)
    const large = memory.take(50)
    const small = memory.take(10)
    assert.deepEqual([await isGranted(large), await isGranted(small), memory.taken()], [false, false, 60])
    first.release()
    assert.deepEqual([await isGranted(large), await isGranted(small), memory.taken()], [true, true, 60])
  })

  it('is never given out twice: what is given back twice counts once', async () => {
    const memory = createUploadMemory(100)
    const lease = await memory.take(100)
    lease.release()
    lease.release()
    assert.equal(memory.taken(), 0)
    await memory.take(100)
    assert.equal(await isGranted(memory.take(1)), false)
  })

  it('of a wish for more than there is, is all that there is', async () => {
    const memory = createUploadMemory(100)
    await memory.take(1000)
    assert.equal(memory.taken(), 100)
  })

  it('tells those who hold some when it is wanted, also when it was wanted before they listened', async () => {
    const memory = createUploadMemory(100)
    const told: string[] = []
    const stop = memory.onWanted(() => told.push('stopped'))
    stop()
    memory.onWanted(() => told.push('early'))
    await memory.take(100)
    assert.equal(told.length, 0)
    void memory.take(1)
    memory.onWanted(() => told.push('late'))
    assert.deepEqual(told, ['early', 'late'])
  })
})

describe('uploads that share little memory', () => {
  let server: FakeS3
  let transport: Transport
  let bucket: Bucket
  let memory: UploadMemory
  let most: number

  beforeEach(async () => {
    server = await startFakeS3({ minPartBytes: 1000 })
    server.createBucket('bucket')
    const options = s3OptionsFor(server, 'bucket')
    transport = createTransport({
      endpoint: await resolveEndpoint(options),
      userAgent: undefined,
      skipVerify: false,
      redirectEndpoint: undefined,
    })
    bucket = createBucket(transport, options)
    const real = createUploadMemory(4 * partBytes)
    most = 0
    memory = {
      ...real,
      async take(bytes) {
        const lease = await real.take(bytes)
        most = Math.max(most, real.taken())
        return lease
      },
    }
  })
  afterEach(async () => {
    transport.close()
    await server.close()
  })

  async function begun(name: string): Promise<StagedUpload> {
    const copying = { copyPartBytes: 4 * partBytes, copiesAtOnce: 2, copyThresholdBytes: 10 * partBytes }
    const staged = stageOnS3(
      { ...copying, bucket, memory, partBytes, states: createUploadStates(bucket, true) },
      { begun: `${name}/begun`, data: `${name}/data`, note: `${name}/note` },
    )
    await staged.begin('2026-11-21T09:28:48Z', '')
    return staged
  }

  async function upload(name: string, bytes: Buffer, length: number | undefined): Promise<void> {
    const staged = await begun(name)
    await staged.append(inChunks(bytes, 20_000), { note: () => '', length })
    await staged.save('')
    await staged.commit(`${name}/blob`)
    await staged.discard()
    assert.ok(server.object('bucket', `${name}/blob`)?.bytes.equals(bytes))
  }

  /** A client that sends some bytes and then nothing, until it leaves. */
  function stalled(bytes: number) {
    const left = Promise.withResolvers<never>()
    const silent = Promise.withResolvers<void>()
    // Some leave before anybody waits for them.
    left.promise.catch(() => {})
    async function* chunks(): Batches {
      yield* inChunks(randomBytes(bytes), 20_000)
      silent.resolve()
      await left.promise
    }
    return { chunks: chunks(), silent: silent.promise, leave: () => left.reject(new Error('gone')) }
  }

  it('64 at once come to their end, and never take more than there is', async () => {
    await Promise.all(
      Array.from({ length: 64 }, (_, index) => {
        const bytes = randomBytes(5 * partBytes + index * 1000)
        return upload(`u${index}`, bytes, index % 2 === 0 ? bytes.length : undefined)
      }),
    )
    assert.ok(most <= 4 * partBytes && most > 3 * partBytes, `${most}`)
    assert.equal(memory.taken(), 0)
  })

  it('64 small ones that announce their length take their turn together: none reserves a whole part', async () => {
    const gates = Array.from({ length: 64 }, () => stalled(1000))
    const appending = gates.map(async ({ chunks }, index) =>
      (await begun(`s${index}`)).append(chunks, { note: () => '', length: 3000 }),
    )
    const failing = Promise.all(appending.map((one) => assert.rejects(one, /gone/)))
    await Promise.all(gates.map(({ silent }) => silent))
    for (const { leave } of gates) leave()
    await failing
    assert.equal(memory.taken(), 0)
  })

  it('clients that stall do not keep others from theirs, and lose nothing when they go on or leave', async function () {
    this.timeout(20_000)
    const clients = Array.from({ length: 4 }, () => stalled(partBytes - 1000))
    const uploads = await Promise.all(clients.map((_, index) => begun(`stalled${index}`)))
    const appending = clients.map(({ chunks }, index) => uploads[index]?.append(chunks, { note: () => '' }))
    const failing = Promise.all(appending.map((one) => assert.rejects(one as Promise<unknown>, /gone/)))
    await Promise.all(clients.map(({ silent }) => silent))
    assert.equal(memory.taken(), 4 * partBytes)

    const started = performance.now()
    const bytes = randomBytes(6 * partBytes)
    await upload('other', bytes, undefined)
    assert.ok(performance.now() - started < 6000, 'it waited for clients that send nothing')

    for (const { leave } of clients) leave()
    await failing
    assert.equal(memory.taken(), 0)
    for (const staged of uploads) {
      await staged.save('')
      assert.equal((await staged.find())?.size, partBytes - 1000)
    }
  })

  it('a store that fails while a client stalls is told of at once, not when that client sends again', async () => {
    const client = stalled(3 * partBytes + 50_000)
    const staged = await begun('denied')
    const appending = staged.append(client.chunks, { note: () => '' })
    const denied = assert.rejects(appending, /AccessDenied/)
    await client.silent
    server.fault({ operation: 'PutObject', key: /denied/ }, { kind: 'answer', status: 403, code: 'AccessDenied' })
    const others = [
      upload('a', randomBytes(5 * partBytes), undefined),
      upload('b', randomBytes(5 * partBytes), undefined),
    ]
    // All that there is, so that the others wait.
    const rest = await memory.take(3 * partBytes)
    await denied
    rest.release()
    await Promise.all(others)
    client.leave()
    assert.equal(memory.taken(), 0)
  })

  it('a store that fails takes no memory with it, nor a client that leaves', async () => {
    const write = { bucket, memory, partBytes }
    for (let round = 0; round < 10; round++) {
      const staged = await begun(`f${round}`)
      const leaving = stalled(3 * partBytes + 100)
      const appending = staged.append(leaving.chunks, { note: () => '' })
      leaving.leave()
      await assert.rejects(appending, /gone/)
      const gone = stalled(3 * partBytes + 100)
      const writing = writeStreamToS3(write, 'key', gone.chunks, {})
      gone.leave()
      await assert.rejects(writing, /gone/)

      server.fault(
        { operation: ['UploadPart', 'PutObject'], times: 3 },
        { kind: 'answer', status: 403, code: 'AccessDenied' },
      )
      const denied = begun(`d${round}`).then(async (one) =>
        one.append(inChunks(randomBytes(9 * partBytes)), { note: () => '' }),
      )
      await assert.rejects(denied, /AccessDenied/)
      await assert.rejects(writeStreamToS3(write, 'key', inChunks(randomBytes(9 * partBytes)), {}), /AccessDenied/)
      server.forget()
    }
    assert.equal(memory.taken(), 0)
    const bytes = randomBytes(9 * partBytes)
    await writeStreamToS3(write, 'key', inChunks(bytes), {})
    assert.equal(hashOf(server.object('bucket', 'key')?.bytes as Buffer), hashOf(bytes))
    assert.equal(memory.taken(), 0)
  })

  it('listeners for those who wait go with their uploads', async () => {
    let listening = 0
    const { onWanted } = memory
    memory.onWanted = (listener) => {
      const stop = onWanted(listener)
      listening++
      return () => {
        listening--
        stop()
      }
    }
    await upload('one', randomBytes(1000), undefined)
    const staged = await begun('two')
    const client = stalled(1000)
    const appending = staged.append(client.chunks, { note: () => '' })
    await client.silent
    client.leave()
    await assert.rejects(appending, /gone/)
    assert.equal(listening, 0)
  })
})
