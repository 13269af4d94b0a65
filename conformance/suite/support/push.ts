/** The steps of a push, each asserting that it worked, for tests whose subject comes after them. */
import assert from 'node:assert/strict'

import type { Answer, Registry } from './client.ts'
import { type Content, emptyJson, imageManifest, randomConfig, randomLayer } from './content.ts'
import { assertStatus, requiredHeader } from './expect.ts'

/** The address of a Location header, absolute or relative, as an absolute URL. */
export function locationOf(answer: Answer): string {
  return new URL(requiredHeader(answer, 'location'), answer.url).href
}

export function withQuery(location: string, name: string, value: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`
}

export async function startUpload(registry: Registry, repository: string, query = ''): Promise<string> {
  const answer = await registry.post(`/v2/${repository}/blobs/uploads/${query}`)
  assertStatus(answer, 202)
  return locationOf(answer)
}

export function finishUpload(registry: Registry, location: string, digest: string, body?: Uint8Array): Promise<Answer> {
  const target = withQuery(location, 'digest', digest)
  return registry.put(target, body, body === undefined ? {} : { 'Content-Type': 'application/octet-stream' })
}

/** Sends bytes as the chunk that begins at an offset. */
export function sendChunk(registry: Registry, location: string, bytes: Uint8Array, offset: number): Promise<Answer> {
  return registry.patch(location, bytes, {
    'Content-Type': 'application/octet-stream',
    'Content-Range': `${offset}-${offset + bytes.length - 1}`,
  })
}

/** Starts an upload and tells how large a chunk must be: what the registry asks for, at least `wanted`. */
export async function startChunkedUpload(
  registry: Registry,
  repository: string,
  wanted = 1000,
): Promise<{ location: string; chunkSize: number }> {
  const answer = await registry.post(`/v2/${repository}/blobs/uploads/`)
  assertStatus(answer, 202)
  const smallest = Number(answer.header('oci-chunk-min-length') ?? 0)
  return { location: locationOf(answer), chunkSize: Math.max(wanted, smallest) }
}

export async function pushBlob(registry: Registry, repository: string, blob: Content): Promise<Answer> {
  const query = blob.digest.startsWith('sha256:') ? '' : `?digest-algorithm=${blob.digest.split(':')[0]}`
  const answer = await finishUpload(registry, await startUpload(registry, repository, query), blob.digest, blob.bytes)
  assertStatus(answer, 201)
  return answer
}

export async function pushBlobs(registry: Registry, repository: string, blobs: readonly Content[]): Promise<void> {
  for (const blob of blobs) await pushBlob(registry, repository, blob)
}

/** PUTs a manifest and leaves it to the caller to judge the answer. */
export function putManifest(
  registry: Registry,
  repository: string,
  manifest: Content,
  reference: string = manifest.digest,
): Promise<Answer> {
  return registry.put(manifestPath(repository, reference), manifest.bytes, { 'Content-Type': manifest.mediaType })
}

export async function pushManifest(
  registry: Registry,
  repository: string,
  manifest: Content,
  reference: string = manifest.digest,
): Promise<Answer> {
  const answer = await putManifest(registry, repository, manifest, reference)
  assertStatus(answer, 201)
  return answer
}

/** A new image of one config and one layer, its blobs pushed, its manifest not yet. */
export async function prepareImage(registry: Registry, repository: string): Promise<Content> {
  const [config, layer] = [randomConfig(), randomLayer()]
  await pushBlobs(registry, repository, [config, layer])
  return imageManifest(config, [layer])
}

export async function pushImage(
  registry: Registry,
  repository: string,
  ...references: readonly string[]
): Promise<Content> {
  const image = await prepareImage(registry, repository)
  for (const reference of references.length === 0 ? [image.digest] : references) {
    await pushManifest(registry, repository, image, reference)
  }
  return image
}

/** The blob every artifact of these tests refers to. */
export async function pushEmptyJson(registry: Registry, repository: string): Promise<void> {
  await pushBlob(registry, repository, emptyJson)
}

export function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`
}

export function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`
}

/** The registry still serves: said after every input that might have hurt it. */
export async function assertAlive(registry: Registry): Promise<void> {
  const answer = await registry.get('/v2/')
  assert.ok(answer.status < 500, `the registry is no longer well: ${answer.status}`)
}
