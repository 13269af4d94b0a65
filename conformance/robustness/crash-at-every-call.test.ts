// kill -9 at one certain system call of a push, one after the other; then the same push again, as clients do: it ends well, and on disk.
import assert from 'node:assert/strict'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { requireTool } from '../../testing/requirements.ts'
import { ask } from './support/ask.ts'
import { assertDurable } from './support/check-durability.ts'
import { imageOf, type Content } from './support/content.ts'
import { openPromiseBook, randomContent } from './support/promise-book.ts'
import { pushForms, resume, type PushSession } from './support/push-forms.ts'
import { startRecorded, type RecordedServer } from './support/record-calls.ts'
import { seededRandom, seedFrom, type Random } from './support/seeded-random.ts'
import { exemptFromSync, temporaryEntries } from './support/stored-tree.ts'
import { joined } from './support/strace-calls.ts'

/** Of the calls that change something; each thread counts its own, so there is one thread for those that wait for the disk. */
const callsWithin: Record<string, number> = { mkdir: 24, rename: 12, fsync: 40, syncfs: 12, fdatasync: 1 }
const allPoints = Object.entries(callsWithin).flatMap(([call, count]) =>
  Array.from({ length: count }, (_, at) => ({ call, nth: at + 1 })),
)
const forms = ['one POST', 'one streamed PATCH']
const repository = 'crash/every/call'
const environment = { UV_THREADPOOL_SIZE: '1' }

interface Story {
  blob: Content
  form: string
  session: PushSession
}

describe('a push that met kill -9 at any of its system calls succeeds when it is repeated', () => {
  const seed = seedFrom('LADING_CRASH_SEED')
  const random = seededRandom(seed)
  const points = process.env['LADING_CRASH_POINTS'] === 'all' ? allPoints : someOf(allPoints, 10, random)

  before('strace is there', function () {
    requireTool(this, 'strace')
  })

  for (const { call, nth } of points) {
    const form = random.pick(forms)
    it(`${call} ${nth} of a push in ${form} (LADING_CRASH_SEED=${seed})`, async function () {
      this.timeout(60_000)
      await crashAndRepeat({ call, nth, form, random: random.fork(`${call} ${nth}`) })
    })
  }
})

async function crashAndRepeat(point: { call: string; nth: number; form: string; random: Random }): Promise<void> {
  const { call, nth, form, random } = point
  const root = freshFolder()
  const blob = randomContent(random)
  const story: Story = { blob, form, session: { repository, blob, acknowledged: 0 } }
  const options = { storage: 'filesystem', root, workers: 1, environment } as const

  // The call may come before the server is ready, and the push may be over before it comes.
  const first = await startRecorded(options, `${call}:signal=KILL:when=${nth}`).catch(() => undefined)
  const firstBook = first && openPromiseBook(first, random)
  if (first !== undefined && firstBook !== undefined) {
    await push(first, firstBook, story, random).catch(() => {})
    await first.kill()
  }

  const second = await startRecorded(options)
  assert.deepEqual(temporaryEntries(root), [], 'temporary files are left after the start')
  const book = openPromiseBook(second, random)
  await push(second, book, story, random)
  await assertPulls(second, story)
  await second.stop()

  const calls = joined((await first?.calls()) ?? [], await second.calls())
  const promises = new Map([...(firstBook?.promises ?? []), ...book.promises])
  assertDurable({ calls, watched: root, existing: [], promises, exempt: exemptFromSync })
}

/** As clients do: what is there already is not pushed again, what was begun is finished. */
async function push(
  { url }: RecordedServer,
  book: ReturnType<typeof openPromiseBook>,
  { blob, form, session }: Story,
  random: Random,
): Promise<void> {
  const { status } = await ask(url, { method: 'HEAD', path: `/v2/${repository}/blobs/${blob.digest}` })
  if (status === 404) {
    const send = session.location === undefined ? pushForms[form] : resume
    const answer = await (send ?? assert.fail())(url, session, random)
    book.blob('the blob', { repository, blob, answer })
  }
  const subject = imageOf([blob], { name: 'subject' })
  await book.pushManifest('the manifest', { repository, manifest: subject, tags: ['one'] })
  const manifest = imageOf([blob], { name: 'referrer', subject })
  await book.pushManifest('the referrer', { repository, manifest, tags: ['two', 'three'] })
}

async function assertPulls({ url }: RecordedServer, { blob }: Story): Promise<void> {
  const answer = await ask(url, { path: `/v2/${repository}/blobs/${blob.digest}` })
  assert.equal(answer.status, 200)
  assert.ok(answer.body.equals(blob.bytes), 'the blob has other bytes')
  for (const tag of ['one', 'two', 'three']) {
    assert.equal((await ask(url, { path: `/v2/${repository}/manifests/${tag}` })).status, 200, tag)
  }
}

function someOf<T>(list: readonly T[], count: number, random: Random): T[] {
  const rest = [...list]
  return Array.from({ length: count }, () => rest.splice(random.below(rest.length), 1)).flat()
}
