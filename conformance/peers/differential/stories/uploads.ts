/** Uploads as the state machines they are: chunks in and out of order, states, lengths, ends right and wrong, and what is asked afterwards. */
import type { Request } from '../../support/ask.ts'
import { contentOf, digestOf, oddDigests } from '../content.ts'
import { isSuccess, type Side } from '../pair.ts'
import { pathTo, startUpload, uploadOf, type PairedUpload, type Story, type StoryWorld } from '../story.ts'

interface Progress {
  readonly upload: PairedUpload
  /** What has been accepted so far. */
  received: Buffer
}

/** A step sends one request; false when the upload is over. */
type Step = (world: StoryWorld, progress: Progress) => Promise<boolean>

export const walkThroughAnUpload: Story = async (world) => {
  const progress: Progress = { upload: await startUpload(world), received: Buffer.alloc(0) }
  let isOpen = true
  for (let steps = 2 + world.random.below(8); steps > 0 && isOpen; steps--) {
    isOpen = await world.random.pick(weighted)(world, progress)
  }
  if (isOpen && world.random.chance(30)) return
  if (isOpen) await world.random.pick(endings)(world, progress)
  await world.random.pick(afterwards)(world, progress)
  // A refusal ends an upload for one of them and not for the other.
  const at = pathTo(progress.upload)
  await world.pair.ask('upload DELETE, after its end', (side) => ({ method: 'DELETE', path: at(side) }))
}

/** Sends what follows, with headers of the caller's; the state moves on when it was taken. */
async function patch(
  world: StoryWorld,
  progress: Progress,
  { what = '', ...request }: Partial<Omit<Request, 'method' | 'path'>> & { what?: string },
): Promise<boolean> {
  const at = pathTo(progress.upload)
  const answers = await world.pair.ask(`upload PATCH${what}`, (side) => ({
    method: 'PATCH',
    path: at(side),
    ...request,
  }))
  if (!isSuccess(answers.lading)) return true
  progress.received = Buffer.concat([progress.received, request.body ?? Buffer.alloc(0)])
  progress.upload.state = uploadOf(answers).state
  return true
}

function next({ random }: StoryWorld): Buffer {
  return random.bytes(random.pick([1, 10, 999, 4096, 70_000]))
}

function rangeFrom(start: number, length: number): string {
  return `${start}-${start + length - 1}`
}

const steps: Record<string, Step> = {
  chunk: (world, progress) => {
    const body = next(world)
    return patch(world, progress, {
      body,
      headers: { 'Content-Range': rangeFrom(progress.received.length, body.length) },
    })
  },
  stream: (world, progress) => patch(world, progress, { what: ', chunked', body: next(world), chunked: true }),
  plain: (world, progress) =>
    patch(world, progress, { body: next(world), headers: { 'Content-Type': 'application/octet-stream' } }),
  empty: (world, progress) => patch(world, progress, { what: ', empty', body: Buffer.alloc(0) }),

  async status({ pair, random }, { upload }) {
    const method = random.pick(['GET', 'HEAD'])
    const [what, at] = random.pick([
      ['', pathTo(upload)],
      [', without state', pathTo(upload, '', { distribution: '', lading: '' })],
      [', with a broken state', pathTo(upload, '_state=nonsense', { distribution: '', lading: '' })],
    ] as const)
    const answers = await pair.ask(`upload ${method}${what}`, (side) => ({ method, path: at(side) }))
    if (isSuccess(answers.lading) && isSuccess(answers.distribution)) upload.state = uploadOf(answers).state
    return true
  },

  outOfOrder: (world, progress) => {
    const body = next(world)
    const { length } = progress.received
    const start = world.random.pick([length + 1, length + 5000, ...(length > 0 ? [0, length - 1] : [])])
    const headers = { 'Content-Range': rangeFrom(start, body.length) }
    return patch(world, progress, { what: ', out of order', body, headers })
  },

  wrongLength: (world, progress) => {
    const body = next(world)
    const headers = {
      'Content-Range': rangeFrom(progress.received.length, body.length + world.random.pick([-1, 1, 50])),
    }
    return patch(world, progress, { what: ', a range of another length', body, headers })
  },

  oddRange: (world, progress) => {
    const body = next(world)
    const range = rangeFrom(progress.received.length, body.length)
    const [what, value] = world.random.pick([
      ['backwards', '9-4'],
      ['without an end', `${progress.received.length}-`],
      ['no numbers', 'a-b'],
      ['as RFC 9110 writes it', `bytes ${range}/*`],
      ['empty', ''],
    ] as const)
    return patch(world, progress, { what: `, a range ${what}`, body, headers: { 'Content-Range': value } })
  },

  oddType: (world, progress) =>
    patch(world, progress, {
      what: ', of another type',
      body: next(world),
      headers: {
        'Content-Type': world.random.pick(['text/plain', 'application/json', 'application/octet-stream; a=b']),
      },
    }),

  /** distribution signs the offset: what comes with an earlier one is out of order. */
  async oldState(world, progress) {
    const old = progress.upload.state
    await steps['plain']?.(world, progress)
    const at = pathTo(progress.upload, '', old)
    await world.pair.ask('upload PATCH, with an old state', (side) => ({
      method: 'PATCH',
      path: at(side),
      body: next(world),
    }))
    return false
  },

  async noState({ pair, random }, { upload }) {
    const none = { distribution: '', lading: '' }
    const method = random.pick(['PATCH', 'PUT', 'DELETE'])
    const [what, at] = random.pick([
      ['without state', pathTo(upload, `digest=${digestOf(Buffer.alloc(0))}`, none)],
      ['with a broken state', pathTo(upload, '_state=nonsense', none)],
    ] as const)
    await pair.ask(`upload ${method}, ${what}`, (side) => ({ method, path: at(side) }))
    return false
  },

  async elsewhere({ pair, random, base, repository }, { upload }) {
    const path = (side: Side): string => pathTo(upload)(side).replace(repository, base.images)
    const method = random.pick(['GET', 'PATCH', 'DELETE'])
    await pair.ask(`upload ${method}, of another repository`, (side) => ({ method, path: path(side) }))
    return true
  },

  async otherMethod({ pair, random }, { upload }) {
    const at = pathTo(upload)
    const method = random.pick(['POST', 'OPTIONS', 'PROPFIND'])
    await pair.ask(`upload ${method}`, (side) => ({ method, path: at(side) }))
    return true
  },
}

const usual = ['chunk', 'chunk', 'stream', 'plain', 'status']
const weighted = [...usual, ...usual, ...Object.keys(steps)].map((name) => steps[name] as Step)

/** PUT with the digest of all that was sent, the last piece in the body or not. */
async function put(
  { pair }: StoryWorld,
  { upload }: Progress,
  { what = '', query, ...request }: Partial<Omit<Request, 'method' | 'path'>> & { what?: string; query: string },
): Promise<boolean> {
  const at = pathTo(upload, query)
  const answers = await pair.ask(`upload PUT${what}`, (side) => ({ method: 'PUT', path: at(side), ...request }))
  return !isSuccess(answers.lading)
}

const endings: readonly Step[] = [
  (world, progress) => put(world, progress, { query: `digest=${contentOf(progress.received).digest}` }),
  (world, progress) => {
    const body = next(world)
    return put(world, progress, { query: `digest=${digestOf(Buffer.concat([progress.received, body]))}`, body })
  },
  (world, progress) => {
    const body = next(world)
    const query = `digest=${digestOf(Buffer.concat([progress.received, body]))}`
    const headers = { 'Content-Range': rangeFrom(progress.received.length, body.length) }
    return put(world, progress, { what: ', with a range', query, body, headers })
  },
  (world, progress) => {
    const body = next(world)
    const query = `digest=${digestOf(Buffer.concat([progress.received, body]))}`
    const headers = { 'Content-Range': rangeFrom(progress.received.length + 7, body.length) }
    return put(world, progress, { what: ', out of order', query, body, headers })
  },
  (world, progress) =>
    put(world, progress, { what: ', of other bytes', query: `digest=${digestOf(world.random.bytes(9))}` }),
  (world, progress) => put(world, progress, { what: ', without a digest', query: '' }),
  (world, progress) => {
    const [what, digest] = world.random.pick(Object.entries(oddDigests).slice(2))
    return put(world, progress, { what: `, ${what}`, query: `digest=${digest}` })
  },
  (world, progress) => {
    const digest = contentOf(progress.received).digest
    return put(world, progress, { what: ', the digest twice', query: `digest=${digest}&digest=${digest}` })
  },
  async ({ pair }, { upload }) => {
    const at = pathTo(upload)
    await pair.ask('upload DELETE', (side) => ({ method: 'DELETE', path: at(side) }))
    return false
  },
]

const putAgain: Step = (world, progress) =>
  put(world, progress, { what: ', after its end', query: `digest=${contentOf(progress.received).digest}` })

/** What was finished, refused or cancelled, asked for once more. */
const afterwards: readonly Step[] = [
  async ({ pair, random }, { upload }) => {
    const at = pathTo(upload)
    const method = random.pick(['GET', 'HEAD', 'PATCH', 'DELETE'])
    await pair.ask(`upload ${method}, after its end`, (side) => ({ method, path: at(side) }))
    return false
  },
  putAgain,
  putAgain,
  async ({ pair, repository }, { received }) => {
    await pair.ask('blob GET, after an upload', {
      method: 'GET',
      path: `/v2/${repository}/blobs/${contentOf(received).digest}`,
    })
    return false
  },
]
