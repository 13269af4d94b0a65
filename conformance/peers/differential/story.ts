/** A story is a run of requests around one repository that nobody else uses; what stories have in common. */
import { anyManifest, type Answer } from '../support/ask.ts'
import type { BaseContent } from './base-content.ts'
import { contentOf, type Content } from './content.ts'
import { isSuccess, type Both, type Pair, type Side } from './pair.ts'
import type { Random } from './random.ts'

export interface StoryWorld {
  readonly pair: Pair
  readonly random: Random
  /** The story's own. */
  readonly repository: string
  readonly base: BaseContent
}

export type Story = (world: StoryWorld) => Promise<void>

/** An upload that both have under ids of their own: the path of each, and the state that distribution signed. */
export interface PairedUpload {
  readonly path: Both<string>
  /** The query of the latest Location. */
  state: Both<string>
}

export function uploadOf(answers: Both<Answer>): PairedUpload {
  const [path, state] = [0, 1].map((index) => ({
    distribution: answers.distribution.headers.location?.split('?')[index] ?? '',
    lading: answers.lading.headers.location?.split('?')[index] ?? '',
  })) as [Both<string>, Both<string>]
  return { path, state }
}

/** Where an upload is asked for: with the state of its latest Location, or another one. */
export function pathTo(upload: PairedUpload, query = '', state: Both<string> = upload.state): (side: Side) => string {
  return (side) => {
    const parameters = [state[side], query].filter((part) => part !== '').join('&')
    return parameters === '' ? upload.path[side] : `${upload.path[side]}?${parameters}`
  }
}

export async function startUpload({ pair, repository }: StoryWorld, what = 'upload POST'): Promise<PairedUpload> {
  return uploadOf(await pair.ask(what, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` }))
}

/** The usual way: POST, then PUT with all the bytes. */
export async function pushBlob(world: StoryWorld, content: Content): Promise<void> {
  const at = pathTo(await startUpload(world), `digest=${content.digest}`)
  await world.pair.ask('upload PUT', (side) => ({ method: 'PUT', path: at(side), body: content.bytes }))
}

/** A config and a layer of the story's own, pushed. */
export async function pushParts(world: StoryWorld): Promise<[config: Content, layer: Content]> {
  const { random } = world
  const parts: [Content, Content] = [contentOf(random.bytes(50)), contentOf(random.bytes(1 + random.below(3000)))]
  for (const part of parts) await pushBlob(world, part)
  return parts
}

export async function putManifest(
  { pair, repository }: StoryWorld,
  what: string,
  { bytes, contentType, reference }: { bytes: Buffer; contentType: string | undefined; reference: string },
): Promise<boolean> {
  const headers = contentType === undefined ? {} : { 'Content-Type': contentType }
  const path = `/v2/${repository}/manifests/${reference}`
  const { lading } = await pair.ask(what, { method: 'PUT', path, headers, body: bytes })
  return isSuccess(lading)
}

export async function getManifest(
  { pair, repository }: StoryWorld,
  what: string,
  { reference, method = 'GET', headers = {} }: { reference: string; method?: string; headers?: Record<string, string> },
): Promise<void> {
  const path = `/v2/${repository}/manifests/${reference}`
  await pair.ask(what, { method, path, headers: { Accept: anyManifest, ...headers } })
}

export async function listTags({ pair, repository }: StoryWorld, what = 'tags GET'): Promise<void> {
  await pair.ask(what, { method: 'GET', path: `/v2/${repository}/tags/list` })
}
