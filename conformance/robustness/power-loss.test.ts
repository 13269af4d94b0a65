// A stand-in for a power loss: the system calls of pushes are recorded, and everything that a 201 promises must have been synced before it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '../../testing/digest-of.ts'
import { freshFolder } from '../../testing/fresh-folder.ts'
import { connectRaw, requestText } from '../../testing/raw-connection.ts'
import { requireThat, requireTool } from '../../testing/requirements.ts'
import { assertDurable, assertNone, breaches } from './support/check-durability.ts'
import { openPromiseBook } from './support/promise-book.ts'
import { finish, startUpload, type PushSession } from './support/push-forms.ts'
import { startRecorded, type RecordedServer } from './support/record-calls.ts'
import { recordedPushes } from './support/recorded-pushes.ts'
import { seededRandom, seedFrom } from './support/seeded-random.ts'
import { exemptFromSync, uploadDataFile } from './support/stored-tree.ts'
import { joined } from './support/strace-calls.ts'

const patienceMs = 20_000

/** Where the order of changes is kept (as a rule), and where it is not: the server syncs there in another way. */
const places = { 'where temporary files are': os.tmpdir(), 'in memory': '/dev/shm' }

for (const [place, parent] of Object.entries(places)) {
  describe(`before a 201 is sent, all that it promises is on disk, files and folders: ${place}`, function () {
    this.timeout(120_000)
    const random = seededRandom(seedFrom('LADING_LOSS_SEED'))
    let found: string[] = []
    let root = ''

    before('the pushes are recorded', async function () {
      requireTool(this, 'strace')
      requireThat(this, fs.existsSync(parent), parent)
      root = freshFolder(parent)
      const server = await startRecorded({ storage: 'filesystem', root, workers: 2 })
      const { url } = server
      const book = openPromiseBook(server, random)
      try {
        await Promise.all(Object.entries(recordedPushes).map(([what, push]) => push({ what, book, url, random })))
      } finally {
        await server.stop()
      }
      const { promises } = book
      found = breaches({ calls: await server.calls(), watched: root, existing: [], promises, exempt: exemptFromSync })
    })

    for (const what of Object.keys(recordedPushes)) {
      it(what, () =>
        assertNone(
          found.filter((breach) => breach.startsWith(`${what}: `)),
          root,
        ),
      )
    }

    it('no file has its final name before all of its bytes are on disk', () => {
      const isOfPush = (breach: string): boolean =>
        Object.keys(recordedPushes).some((what) => breach.startsWith(`${what}: `))
      assertNone(
        found.filter((breach) => !isOfPush(breach)),
        root,
      )
    })
  })
}

describe('after a 201 all is on disk, also', function () {
  this.timeout(120_000)
  const random = seededRandom(seedFrom('LADING_LOSS_SEED'))

  before('strace is there', function () {
    requireTool(this, 'strace')
  })

  it('a push into a root folder that the server has made', async () => {
    const watched = freshFolder()
    const server = await startRecorded({ storage: 'filesystem', root: path.join(watched, 'not/yet/there'), workers: 1 })
    const book = openPromiseBook(server, random)
    await book.pushBlob('a blob', { repository: 'loss/root' })
    await server.stop()
    const { promises } = book
    assertDurable({ calls: await server.calls(), watched, existing: [], promises, exempt: exemptFromSync })
  })

  it('bytes that a killed server had received, but not synced, are synced when another one finishes the upload', async () => {
    const root = freshFolder()
    const first = await startRecorded({ storage: 'filesystem', root, workers: 1 })
    const session = await receiveAndKill(first, random.bytes(1024 * 1024))

    const second = await startRecorded({ storage: 'filesystem', root, workers: 1 })
    const book = openPromiseBook(second, random)
    book.blob('a blob', { ...session, answer: await finish(second.url, session) })
    await second.stop()

    const calls = joined(await first.calls(), await second.calls())
    const { promises } = book
    assertDurable({ calls, watched: root, existing: [], promises, exempt: exemptFromSync })
  })
})

/** Sends bytes without an end, and kills the server when it has written some of them: resolves to an upload of just those. */
async function receiveAndKill(server: RecordedServer, bytes: Buffer): Promise<PushSession> {
  const session: PushSession = { repository: 'loss/cut', blob: { bytes, digest: digestOf(bytes) }, acknowledged: 0 }
  await startUpload(server.url, session)
  const location = session.location as string
  const connection = await connectRaw(server)
  await connection.send(requestText('PATCH', location, { headers: { 'Transfer-Encoding': 'chunked' } }))
  await connection.send(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
  const data = uploadDataFile(server.root, session.repository, location)
  const received = await settled(() => (fs.existsSync(data) ? fs.statSync(data).size : 0))
  await server.kill()
  connection.cut()
  const written = bytes.subarray(0, received)
  return { ...session, blob: { bytes: written, digest: digestOf(written) } }
}

/** Waits until there is some, and until it grows no more. */
async function settled(size: () => number): Promise<number> {
  const deadline = Date.now() + patienceMs
  for (let last = 0; Date.now() < deadline; await sleep(200)) {
    const now = size()
    if (now > 0 && now === last) return now
    last = now
  }
  return assert.fail(`nothing was written within ${patienceMs} ms`)
}
