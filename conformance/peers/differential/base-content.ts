/** What both directories hold before the first request: pushed to distribution, whose directory is then copied. */
import assert from 'node:assert/strict'
import { generatedBytes } from '../../clients/support/generated-bytes.ts'
import { mediaTypes } from '../../clients/support/oci-layout.ts'
import { ask, type Answer, type Request } from '../support/ask.ts'
import { contentOf, dockerImageOf, imageOf, indexOf, json, type Content } from './content.ts'

export interface BaseManifest {
  readonly content: Content
  readonly mediaType: string
  readonly tag: string
}

export interface BaseContent {
  /** Holds all blobs and manifests. */
  readonly images: string
  /** Holds as many tags as `tags`, in ASCII order. */
  readonly tagged: string
  readonly tags: readonly string[]
  /** Its only tag was deleted. */
  readonly emptied: string
  /** Holds nothing but an unfinished upload. */
  readonly started: string
  readonly blobs: readonly Content[]
  readonly manifests: readonly BaseManifest[]
}

const blobSizes = [0, 1, 300, 5000, 70_000, 300_000]
const images = 'base/images'

export async function pushBaseContent(url: string): Promise<BaseContent> {
  const blobs = blobSizes.map((size) => contentOf(generatedBytes(`base ${size}`, size)))
  const [, one, small, layer, bigger] = blobs as [Content, Content, Content, Content, Content]
  const image = contentOf(json(imageOf(small, [layer, bigger])))
  const untyped = contentOf(json(imageOf(small, [layer], { mediaType: undefined })))
  const docker = contentOf(json(dockerImageOf(small, [layer])))
  const index = contentOf(json(indexOf(mediaTypes.index, [{ content: image, mediaType: mediaTypes.manifest }])))
  const nested = contentOf(json(indexOf(mediaTypes.index, [{ content: index, mediaType: mediaTypes.index }])))
  const list = contentOf(
    json(indexOf(mediaTypes.dockerList, [{ content: docker, mediaType: mediaTypes.dockerManifest }])),
  )
  const manifests: BaseManifest[] = [
    { content: image, mediaType: mediaTypes.manifest, tag: 'image' },
    { content: untyped, mediaType: mediaTypes.manifest, tag: 'untyped' },
    { content: docker, mediaType: mediaTypes.dockerManifest, tag: 'docker' },
    { content: index, mediaType: mediaTypes.index, tag: 'index' },
    { content: nested, mediaType: mediaTypes.index, tag: 'nested' },
    { content: list, mediaType: mediaTypes.dockerList, tag: 'list' },
  ]

  for (const blob of blobs) await pushBlob(url, images, blob)
  for (const manifest of manifests) await pushManifest(url, images, manifest, manifest.tag)

  const tagged = 'base/tagged'
  const tags = [...Array.from({ length: 40 }, (_, at) => `v${String(at).padStart(3, '0')}`), 'V1', '_x', 'v1.0', 'v1-0']
  await pushBlob(url, tagged, small)
  await pushBlob(url, tagged, one)
  const tiny = { content: contentOf(json(imageOf(small, [one]))), mediaType: mediaTypes.manifest, tag: '' }
  for (const tag of tags) await pushManifest(url, tagged, tiny, tag)

  const emptied = 'base/emptied'
  await pushBlob(url, emptied, small)
  await pushBlob(url, emptied, one)
  await pushManifest(url, emptied, tiny, 'gone')
  await expect(202, url, { method: 'DELETE', path: `/v2/${emptied}/manifests/gone` })

  const started = 'base/started'
  await expect(202, url, { method: 'POST', path: `/v2/${started}/blobs/uploads/` })
  return { images, tagged, tags: tags.sort(), emptied, started, blobs, manifests }
}

async function pushBlob(url: string, repository: string, { bytes, digest }: Content): Promise<void> {
  const { headers } = await expect(202, url, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  await expect(201, url, { method: 'PUT', path: `${headers.location}&digest=${digest}`, body: bytes })
}

async function pushManifest(url: string, repository: string, manifest: BaseManifest, reference: string): Promise<void> {
  await expect(201, url, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { 'Content-Type': manifest.mediaType },
    body: manifest.content.bytes,
  })
}

async function expect(status: number, url: string, request: Request): Promise<Answer> {
  const answer = await ask(url, request)
  assert.equal(answer.status, status, `${request.method} ${request.path}: ${answer.body.toString()}`)
  return answer
}
