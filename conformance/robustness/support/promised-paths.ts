// Where docs/storage-layout.md says that acknowledged content lies.
import path from 'node:path'
import type { ManifestContent } from './content.ts'

export function blobPaths(root: string, repository: string, digest: string): string[] {
  return [blobData(root, digest), inRepository(root, repository, '_layers', slashed(digest), 'link')]
}

/** `pointers` are the tags' links; `files` has them too. */
export function manifestPaths(
  root: string,
  repository: string,
  { manifest, tags }: { manifest: ManifestContent; tags: readonly string[] },
): { files: string[]; pointers: string[] } {
  const { digest, subject, blobs } = manifest
  const pointers = tags.map((tag) => inRepository(root, repository, '_manifests/tags', tag, 'current/link'))
  const files = [
    blobData(root, digest),
    inRepository(root, repository, '_manifests/revisions', slashed(digest), 'link'),
    ...(subject === undefined ? [] : [inRepository(root, repository, '_referrers', slashed(subject), slashed(digest))]),
    ...blobs.flatMap((blob) => blobPaths(root, repository, blob)),
    ...pointers,
  ]
  return { files, pointers }
}

function blobData(root: string, digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return path.join(root, 'docker/registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data')
}

function inRepository(root: string, repository: string, ...rest: string[]): string {
  return path.join(root, 'docker/registry/v2/repositories', repository, ...rest)
}

function slashed(digest: string): string {
  return digest.replace(':', '/')
}
