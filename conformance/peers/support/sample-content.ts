/** Content of every kind that lies in old registries, pushed over HTTP, and the requests that show whether it is all there. */
import assert from 'node:assert/strict'
import { digestOf } from '../../../testing/digest-of.ts'
import { generatedBytes } from '../../clients/support/generated-bytes.ts'
import { pushBlob, pushManifest, pushTree } from '../../clients/support/http.ts'
import { addImage, addMultiPlatformIndex, addZstdImage, layerOf } from '../../clients/support/images.ts'
import { children, isManifest, mediaTypes, type Descriptor, type OciLayout } from '../../clients/support/oci-layout.ts'
import { anyManifest, ask, type Request } from './ask.ts'

export interface Sample {
  /** Everything that was pushed and everything that was deleted, asked for in every way that clients use. */
  readonly requests: readonly Request[]
  /** Those of the requests for which it does not matter what becomes of content without a tag. */
  readonly tagged: readonly Request[]
}

/** Into repositories below `namespace`; another seed makes other content. */
export async function pushSample(url: string, layout: OciLayout, namespace: string): Promise<Sample> {
  const requests: Request[] = []
  const at = (name: string): { url: string; name: string } => ({ url, name: `${namespace}/${name}` })
  const seed = namespace

  const pushTagged = async (name: string, root: Descriptor, tags: readonly string[]): Promise<void> => {
    const [first = '', ...others] = tags
    await pushTree(at(name), layout, { root, tag: first })
    for (const tag of others) await pushManifest(at(name), layout, { manifest: root, reference: tag })
    for (const tag of tags) requests.push(...manifestRequests(at(name).name, tag))
    requests.push(...(await treeRequests(at(name).name, layout, root)), ...tagRequests(at(name).name, tags))
  }

  const index = await addMultiPlatformIndex(layout, seed)
  await pushTagged('images/multi', index, ['1.0', '1.0.1', 'latest'])
  await pushTagged('images/zstd', await addZstdImage(layout, seed), ['v1'])
  const nested = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [index] })
  await pushTagged('deep/er/nested', nested, ['v1'])
  const docker = await addDockerImage(layout, seed)
  const list = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [docker] })
  await pushTagged('docker', list, ['v2'])
  const tags = Array.from({ length: 120 }, (_, number) => `build-${String(number).padStart(4, '0')}`)
  await pushTagged('many', docker, tags)

  // An artifact that refers to the index, as signatures do: pushed by digest, without a tag.
  const artifact = await addArtifact(layout, index, seed)
  const tagged = requests.length
  await pushTagged('images/multi', artifact, [artifact.digest])
  const untagged = requests.splice(tagged)

  // A tag moved to another image, one deleted, and an image deleted with its tag.
  const old = await addImage(layout, { layers: [layerOf({ old: generatedBytes(seed, 900) })] })
  await pushTree(at('images/multi'), layout, { root: old, tag: 'latest' })
  await pushTree(at('images/multi'), layout, { root: old, tag: 'old' })
  await deleteReference(url, `/v2/${namespace}/images/multi/manifests/1.0.1`)
  await pushTree(at('docker'), layout, { root: old, tag: 'old' })
  // So that a repository whose other image goes is not empty.
  await pushTree(at('many'), layout, { root: old, tag: 'other' })
  await deleteReference(url, `/v2/${namespace}/docker/manifests/${old.digest}`)
  requests.push(...manifestRequests(at('docker').name, 'old'), ...manifestRequests(at('docker').name, old.digest))

  requests.push(...(await pushMounted(url, layout, index, namespace)), ...(await pushSha512(url, layout, namespace)))
  return { requests: [...requests, ...untagged], tagged: requests }
}

async function pushMounted(url: string, layout: OciLayout, index: Descriptor, namespace: string): Promise<Request[]> {
  const [child] = (await layout.manifest(index.digest)).manifests ?? []
  assert.ok(child)
  for (const { digest } of children(await layout.manifest(child.digest))) {
    const path = `/v2/${namespace}/mounted/blobs/uploads/?mount=${digest}&from=${namespace}/images/multi`
    assert.equal((await ask(url, { method: 'POST', path })).status, 201, path)
  }
  await pushManifest({ url, name: `${namespace}/mounted` }, layout, { manifest: child, reference: 'v1' })
  return [
    ...manifestRequests(`${namespace}/mounted`, 'v1'),
    ...(await treeRequests(`${namespace}/mounted`, layout, child)),
  ]
}

/** An image whose layer has a sha512 digest. */
async function pushSha512(url: string, layout: OciLayout, namespace: string): Promise<Request[]> {
  const bytes = generatedBytes(`${namespace} sha512`, 5000)
  const digest = digestOf(bytes, 'sha512')
  const repository = { url, name: `${namespace}/sha512` }
  const start = await ask(url, { method: 'POST', path: `/v2/${repository.name}/blobs/uploads/` })
  const end = await ask(url, { method: 'PUT', path: `${start.headers.location}&digest=${digest}`, body: bytes })
  assert.equal(end.status, 201)

  const config = await layout.addBlob(mediaTypes.config, `{"seed":"${namespace}"}`)
  await pushBlob(repository, layout, config)
  const layers = [{ mediaType: mediaTypes.layerTar, digest, size: bytes.length }]
  const image = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers })
  await pushManifest(repository, layout, { manifest: image, reference: 'v1' })
  return [...manifestRequests(repository.name, 'v1'), ...(await treeRequests(repository.name, layout, image))]
}

async function addDockerImage(layout: OciLayout, seed: string): Promise<Descriptor> {
  const config = await layout.addBlob('application/vnd.docker.container.image.v1+json', `{"seed":"${seed}"}`)
  const layer = await layout.addBlob(
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    generatedBytes(`${seed} d`, 9000),
  )
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers: [layer] } as const
  return { ...(await layout.addManifest(manifest)), platform: { os: 'linux', architecture: 'amd64' } }
}

async function addArtifact(layout: OciLayout, subject: Descriptor, seed: string): Promise<Descriptor> {
  const config = await layout.addBlob(mediaTypes.empty, '{}')
  const layer = await layout.addBlob('application/vnd.example.signature', `signature of ${seed}`)
  const artifactType = 'application/vnd.example.signature'
  return layout.addManifest({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config,
    layers: [layer],
    subject,
  })
}

/** Everything below a manifest, by digest. */
export async function treeRequests(repository: string, layout: OciLayout, root: Descriptor): Promise<Request[]> {
  const below = await Array.fromAsync(children(await layout.manifest(root.digest)), async (child) =>
    isManifest(child) ? treeRequests(repository, layout, child) : blobRequests(repository, child.digest, child.size),
  )
  return [...manifestRequests(repository, root.digest), ...below.flat()]
}

function manifestRequests(repository: string, reference: string): Request[] {
  const path = `/v2/${repository}/manifests/${reference}`
  return ['GET', 'HEAD'].map((method) => ({ method, path, headers: { Accept: anyManifest } }))
}

function blobRequests(repository: string, digest: string, size: number): Request[] {
  const path = `/v2/${repository}/blobs/${digest}`
  const ranges = size < 20 ? [] : ['bytes=0-9', 'bytes=-5', `bytes=${size}-`]
  return [
    { method: 'HEAD', path },
    { method: 'GET', path },
    ...ranges.map((Range) => ({ method: 'GET', path, headers: { Range } })),
    // The tag of a sha512 blob is its sha256 digest in distribution.
    ...(digest.startsWith('sha256') ? [{ method: 'GET', path, headers: { 'If-None-Match': `"${digest}"` } }] : []),
  ]
}

function tagRequests(repository: string, tags: readonly string[]): Request[] {
  const path = `/v2/${repository}/tags/list`
  const paged = [`${path}?n=7`, `${path}?n=50&last=${tags[0]}`]
  return [path, ...(tags.length > 100 ? paged : [])].map((page) => ({ method: 'GET', path: page }))
}

/** distribution 2.8 deletes by digest alone: then the tag stays, for everyone to see. */
export async function deleteReference(url: string, path: string): Promise<void> {
  const { status } = await ask(url, { method: 'DELETE', path })
  assert.ok(status === 202 || (status === 400 && !path.includes('sha256:')), `DELETE ${path}: ${status}`)
}
