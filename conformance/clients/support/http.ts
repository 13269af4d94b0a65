/** The registry's own protocol, spoken plainly: how the tests push content without a client and look at what a client pushed. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { children, isManifest, parseManifest, type Descriptor, type OciLayout } from './oci-layout.ts'

/** A repository of a registry. */
export interface Repository {
  readonly url: string
  readonly name: string
}

const acceptAnyManifest = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*',
].join(', ')

export async function getManifest(repository: Repository, reference: string): Promise<Buffer> {
  const answer = await fetch(`${repository.url}/v2/${repository.name}/manifests/${reference}`, {
    headers: { accept: acceptAnyManifest },
  })
  const body = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200, `GET manifest ${reference}: ${body.toString()}`)
  return body
}

export async function headManifest(repository: Repository, reference: string): Promise<Response> {
  return fetch(`${repository.url}/v2/${repository.name}/manifests/${reference}`, {
    method: 'HEAD',
    headers: { accept: acceptAnyManifest },
  })
}

/** The digest that a tag points at. */
export async function digestOfTag(repository: Repository, tag: string): Promise<string> {
  const answer = await headManifest(repository, tag)
  assert.equal(answer.status, 200, `HEAD manifest ${tag}`)
  return answer.headers.get('docker-content-digest') ?? ''
}

export async function headBlob(repository: Repository, digest: string): Promise<Response> {
  return fetch(`${repository.url}/v2/${repository.name}/blobs/${digest}`, { method: 'HEAD' })
}

/** Reads a blob to its end without keeping it. */
export async function measureBlob(repository: Repository, digest: string): Promise<{ digest: string; size: number }> {
  const answer = await fetch(`${repository.url}/v2/${repository.name}/blobs/${digest}`)
  assert.equal(answer.status, 200, `GET blob ${digest}`)
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of answer.body ?? []) {
    hash.update(piece)
    size += piece.length
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

export async function pushBlob(repository: Repository, layout: OciLayout, blob: Descriptor): Promise<void> {
  const start = await fetch(`${repository.url}/v2/${repository.name}/blobs/uploads/`, { method: 'POST' })
  assert.equal(start.status, 202, 'POST upload')
  const location = new URL(start.headers.get('location') ?? '', repository.url)
  location.searchParams.set('digest', blob.digest)
  const answer = await fetch(location, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: await openAsBlob(layout.blobFile(blob.digest)),
  })
  assert.equal(answer.status, 201, `PUT blob ${blob.digest}: ${await answer.text()}`)
}

/** Pushes a manifest's bytes as they are in the layout; the answer tells what the registry made of it. */
export async function pushManifest(
  repository: Repository,
  layout: OciLayout,
  { manifest, reference }: { manifest: Descriptor; reference: string },
): Promise<Response> {
  const answer = await fetch(`${repository.url}/v2/${repository.name}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: await readFile(layout.blobFile(manifest.digest)),
  })
  assert.equal(answer.status, 201, `PUT manifest ${reference}: ${await answer.text()}`)
  return answer
}

/** Everything below the descriptor, then the manifest itself under the tag. */
export async function pushTree(
  repository: Repository,
  layout: OciLayout,
  { root, tag }: { root: Descriptor; tag: string },
): Promise<void> {
  for (const child of children(await layout.manifest(root.digest))) {
    if (isManifest(child)) await pushTree(repository, layout, { root: child, tag: child.digest })
    else await pushBlob(repository, layout, child)
  }
  await pushManifest(repository, layout, { manifest: root, reference: tag })
}

export async function tagsOf(repository: Repository): Promise<readonly string[]> {
  const answer = await fetch(`${repository.url}/v2/${repository.name}/tags/list`)
  assert.equal(answer.status, 200, 'GET tags/list')
  const { tags } = (await answer.json()) as { tags: readonly string[] | null }
  return tags ?? []
}

export async function referrersOf(
  repository: Repository,
  digest: string,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
  const answer = await fetch(`${repository.url}/v2/${repository.name}/referrers/${digest}${query}`)
  assert.equal(answer.status, 200, 'GET referrers')
  return parseManifest(Buffer.from(await answer.arrayBuffer())).manifests ?? []
}

/** Unlinks what a test pushed, so that a big one does not stay in a registry that outlives it. */
export async function deleteContent(repository: Repository, layout: OciLayout, root: Descriptor): Promise<void> {
  const remove = async (kind: string, digest: string) => {
    const answer = await fetch(`${repository.url}/v2/${repository.name}/${kind}/${digest}`, { method: 'DELETE' })
    assert.equal(answer.status, 202, `DELETE ${kind} ${digest}`)
  }
  await remove('manifests', root.digest)
  for (const child of children(await layout.manifest(root.digest))) await remove('blobs', child.digest)
}
