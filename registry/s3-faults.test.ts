// Everything that can go wrong with a request to S3, to every kind of request that a push makes.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inTurns } from '../storage-drivers/s3/in-turns.ts'
import type { Fault, FakeS3, FaultCondition, Operation } from '../testing/fake-s3/start-fake-s3.ts'
import { digestOf } from './digest.ts'
import { asRegistryError } from './errors.ts'
import { assertSound } from './fixtures/assert-sound.ts'
import { app, imageBytes, latest, readBlob } from './fixtures/content.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { sessionFor, type PushForm } from './fixtures/push-forms.ts'
import {
  askedForBytes,
  largeBytes,
  openSmall,
  pushWholeImage,
  s3Pushes,
  startSmallStore,
} from './fixtures/s3-pushes.ts'

const pushes: Record<string, PushForm> = { ...s3Pushes, 'an image': pushWholeImage }
const mostAttempts = 30

const failing = (status: number, code: string): Fault => ({ kind: 'answer', status, code })
const writes: Operation[] = ['PutObject', 'CompleteMultipartUpload']

/** What a kind of request is: the operation, and whose key it is about. */
const kinds: FaultCondition[] = [
  { operation: 'CreateMultipartUpload' },
  { operation: 'UploadPart' },
  { operation: 'UploadPartCopy' },
  { operation: 'CompleteMultipartUpload' },
  { operation: 'CopyObject' },
  { operation: 'DeleteObject' },
  { operation: 'DeleteObjects' },
  { operation: 'HeadObject' },
  { operation: 'GetObject', key: /lading-state$/ },
  { operation: 'GetObject', key: /link$/ },
  { operation: 'PutObject', key: /lading-state$/ },
  { operation: 'PutObject', key: /_uploads\/.*\/data-/ },
  { operation: 'PutObject', key: /\/blobs\// },
  { operation: 'PutObject', key: /_layers\// },
  { operation: 'PutObject', key: /revisions\// },
  { operation: 'PutObject', key: /tags\// },
]

describe('a push to an S3 that fails', function () {
  this.timeout(60_000)

  const passing: [string, Fault, number, Operation[]?][] = [
    ['500 InternalError', failing(500, 'InternalError'), 2],
    ['503 SlowDown', failing(503, 'SlowDown'), 1],
    ['429', failing(429, 'TooManyRequests'), 1, ['UploadPart', 'DeleteObjects']],
    ['409 ConditionalRequestConflict', failing(409, 'ConditionalRequestConflict'), 2, writes],
    ['a connection that was closed meanwhile', { kind: 'cut-request', afterBytes: 0 }, 1],
    ['an answer that breaks off', { kind: 'cut-answer', afterBytes: 20 }, 2],
    ['successes whose answers are lost', { kind: 'lost-answer' }, 2],
    ['an error with status 200', { kind: 'error-in-200' }, 2, ['CompleteMultipartUpload', 'CopyObject']],
  ]
  it('for a moment, in any way, at each of its requests: it succeeds all the same, in whatever form it comes', async () => {
    const stories = Object.entries(pushes).flatMap(([name, push]) =>
      passing.map((trouble) => ({ name, push, trouble })),
    )
    await inTurns(stories, stories.length, async ({ name, push, trouble: [what, fault, times, operations] }) => {
      const outcomes = await tell(push, (server) => {
        for (const kind of kinds)
          if (operations === undefined || operations.includes(kind.operation as Operation))
            server.fault({ ...kind, times }, fault)
      })
      // A body that was begun cannot be sent again: only the client has it.
      const isLost = fault.kind === 'cut-request' && push === s3Pushes['POST and PUT']
      assert.deepEqual(outcomes, isLost ? ['503 STORAGE_BUSY', 'done'] : ['done'], `${what}, by ${name}`)
    })
  })

  it('waits as long as it is told to, and no shorter', async () => {
    const started = performance.now()
    await tell(pushWholeImage, (server) =>
      server.fault({ nth: 3 }, { kind: 'answer', status: 503, code: 'SlowDown', retryAfter: 2 }),
    )
    assert.ok(performance.now() - started > 2000)
  })

  const lasting: [string, Fault][] = [
    ['answers 500', failing(500, 'InternalError')],
    ['loses its answers', { kind: 'lost-answer' }],
    ['breaks connections in the middle', { kind: 'cut-request', afterBytes: 20 }],
  ]
  it('until a request is given up: the client is told to come back (503), and what it had is not lost', async () => {
    const push = s3Pushes['one streamed PATCH'] as PushForm
    const ofThisPush = kinds.filter(({ operation, key }) => operation !== 'GetObject' || key?.test('lading-state'))
    const stories = lasting.flatMap(([what, fault]) => ofThisPush.map((kind) => ({ what, fault, kind })))
    await inTurns(stories, stories.length, async ({ what, fault, kind }) => {
      const outcomes = await tell(push, (server) => server.fault({ ...kind, times: 6 }, fault))
      assert.ok(
        outcomes.length <= 7,
        `it ${what}: ${outcomes.length} attempts with ${String(kind.operation)} ${kind.key}`,
      )
    })
  })

  it('for one request in four, in any way: every push comes to its end, and its bytes are right', async () => {
    // SlowDown, which costs the most patience, has had its turn.
    const faults = passing
      .filter(([what, , , some]) => some === undefined && what !== '503 SlowDown')
      .map(([, fault]) => fault)
    const stories = [1, 2].flatMap(() => Object.values(pushes))
    await inTurns(stories, stories.length, (push) =>
      tell(push, (server) => {
        for (let nth = 1; nth < 400; nth++)
          if (Math.random() < 0.25) server.fault({ nth }, faults[Math.floor(Math.random() * faults.length)] as Fault)
      }),
    )
  })
})

/** One push, repeated by its client as long as it is told to: what it was told. The right bytes are there in the end, and nothing wrong ever. */
async function tell(push: PushForm, plan: (server: FakeS3) => void): Promise<string[]> {
  const store = await startSmallStore()
  const bytes = randomBytes(push === s3Pushes['POST and PUT'] ? askedForBytes : largeBytes)
  try {
    const registry = openRegistry(await openSmall(store))
    const session = sessionFor(bytes)
    plan(store.server)
    const outcomes: string[] = []
    while (outcomes.at(-1) !== 'done') outcomes.push(await outcomeOf(push(registry, session), outcomes.length))

    const driver = await openSmall(store)
    const fresh = openRegistry(driver)
    if (push === pushWholeImage) assert.equal((await fresh.manifest(app, latest))?.digest, digestOf(imageBytes()))
    else assert.ok((await readBlob(fresh, app, session.digest))?.equals(bytes))
    await assertSound(driver)
    return outcomes
  } finally {
    await store.close()
  }
}

async function outcomeOf(work: Promise<void>, attempts: number): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    const { status, code } = asRegistryError(error)
    if (status !== 503 || attempts >= mostAttempts) throw error
    return `${status} ${code}`
  }
}
