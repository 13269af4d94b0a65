// Every form in which a client pushes a blob, and how it goes on after it was interrupted.
import assert from 'node:assert/strict'
import type { Answer, ExchangeRequest } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import type { Content } from './content.ts'
import type { Random } from './seeded-random.ts'

/** One blob on its way in, with what its client remembers. */
export interface PushSession {
  repository: string
  blob: Content
  /** The upload's address, as the last answer gave it. */
  location?: string
  /** Bytes that the registry has acknowledged. */
  acknowledged: number
}

/** The registry said no on the way to the answer that ends the push. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly answer: Answer

  constructor(what: string, answer: Answer) {
    super(`${what}: answered ${answer.status} ${answer.body.toString()}`)
    this.answer = answer
  }
}

export function expectStatus(status: number, what: string, answer: Answer): Answer {
  if (answer.status !== status) throw new Refusal(what, answer)
  return answer
}

/** Resolves to the answer that ends the push: 201, if all is well. */
export type PushForm = (url: string, session: PushSession, random: Random) => Promise<Answer>

export const pushForms: Record<string, PushForm> = {
  'one POST': (url, { repository, blob }) =>
    ask(url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, body: blob.bytes }),

  'POST and PUT': async (url, session) => {
    await startUpload(url, session)
    return finish(url, session, session.blob.bytes)
  },

  'one streamed PATCH': async (url, session, random) => {
    await startUpload(url, session)
    await patch(url, session, { body: pieces(session.blob.bytes, random) })
    return finish(url, session)
  },

  'chunks in PATCHes': async (url, session, random) => {
    await startUpload(url, session)
    await sendChunks(url, session, random, session.blob.bytes.length)
    return finish(url, session)
  },

  'chunks, the last one in the PUT': async (url, session, random) => {
    await startUpload(url, session)
    const last = random.between(1, session.blob.bytes.length)
    await sendChunks(url, session, random, session.blob.bytes.length - last)
    return finish(url, session, session.blob.bytes.subarray(session.acknowledged))
  },
}

export async function startUpload(url: string, session: PushSession): Promise<void> {
  const algorithm = session.blob.digest.split(':', 1)[0]
  const query = algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`
  const answer = await ask(url, { method: 'POST', path: `/v2/${session.repository}/blobs/uploads/${query}` })
  expectStatus(202, 'POST of an upload', answer)
  session.location = locationIn(answer)
  session.acknowledged = 0
}

/** What a client does that finds the connection, or the registry, gone: asks how far it came, sends the rest, finishes. */
export async function resume(url: string, session: PushSession): Promise<Answer> {
  if (session.location === undefined) await startUpload(url, session)
  const status = await ask(url, { path: session.location as string })
  if (status.status === 404) {
    await startUpload(url, session)
  } else {
    expectStatus(204, 'GET of an upload', status)
    session.location = locationIn(status)
    session.acknowledged = offsetIn(status)
  }
  assert.ok(session.acknowledged <= session.blob.bytes.length, 'the upload holds more than was sent')
  if (session.acknowledged < session.blob.bytes.length) await sendRest(url, session)
  return finish(url, session)
}

async function sendRest(url: string, session: PushSession): Promise<void> {
  const { blob, location: path = '' } = session
  for (const start of session.acknowledged === 0 ? [0, 1] : [session.acknowledged]) {
    const body = blob.bytes.subarray(start)
    const answer = await ask(url, { method: 'PATCH', path, body, ...rangeHeader(start, body.length) })
    // `0-0` is what registries say of one byte as well as of none.
    if (answer.status === 416 && start === 0 && body.length > 1) continue
    acknowledge(session, answer)
    return
  }
}

/** Appends; resolves when it is acknowledged. */
export async function patch(
  url: string,
  session: PushSession,
  { body, headers = {} }: Pick<ExchangeRequest, 'body' | 'headers'>,
): Promise<void> {
  const path = session.location as string
  const type = { 'Content-Type': 'application/octet-stream' }
  const answer = await ask(url, { method: 'PATCH', path, headers: { ...type, ...headers }, body: body ?? Buffer.of() })
  acknowledge(session, answer)
}

function acknowledge(session: PushSession, answer: Answer): void {
  expectStatus(202, 'PATCH of an upload', answer)
  session.location = locationIn(answer)
  session.acknowledged = offsetIn(answer)
}

export function finish(url: string, { location = '', blob }: PushSession, body?: Uint8Array): Promise<Answer> {
  const path = `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`
  return ask(url, { method: 'PUT', path, ...(body === undefined ? {} : { body }) })
}

export function rangeHeader(start: number, length: number): { headers: Record<string, string> } {
  return { headers: { 'Content-Range': `${start}-${start + length - 1}` } }
}

/** How many bytes the registry says that it has. */
export function offsetIn({ headers }: Answer): number {
  const [, last] = /^0-(\d+)$/.exec(headers.range ?? '') ?? []
  // An empty upload has no inclusive range; registries then leave the header out or say 0-0.
  return last === undefined || last === '0' ? 0 : Number(last) + 1
}

async function sendChunks(url: string, session: PushSession, random: Random, end: number): Promise<void> {
  while (session.acknowledged < end) {
    const start = session.acknowledged
    const length = Math.min(end - start, random.between(2, Math.ceil(session.blob.bytes.length / 2) + 2))
    const body = session.blob.bytes.subarray(start, start + length)
    await patch(url, session, { body, ...rangeHeader(start, length) })
    // `0-0` is what registries say of one byte as well as of none.
    if (start + length === 1) session.acknowledged = 1
    assert.equal(session.acknowledged, start + length, 'the offset after an accepted chunk')
  }
}

async function* pieces(bytes: Buffer, random: Random): AsyncIterable<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const end = start + random.between(1, 64 * 1024)
    yield bytes.subarray(start, end)
    start = end
  }
}

function locationIn({ headers }: Answer): string {
  assert.ok(headers.location, 'the answer has no Location')
  return headers.location
}
