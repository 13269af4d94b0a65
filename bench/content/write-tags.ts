// Writes tags as files of the storage layout: a hundred thousand pushes would take longer than the benchmark.
import fs from 'node:fs'
import path from 'node:path'
import { digestOf, sampleManifest, tagOf } from './sample-images.ts'

/** Tags `first` … `first + count - 1`, pointing in turn at the first `manifests` images, which are in the repository. No registry may run on the folder. */
export function writeTags(
  root: string,
  repository: string,
  tags: { first: number; count: number; manifests: number },
): void {
  const folder = path.join(root, 'docker/registry/v2/repositories', repository, '_manifests/tags')
  const digests = Array.from({ length: tags.manifests }, (_, number) => digestOf(sampleManifest(number)))
  for (let number = tags.first; number < tags.first + tags.count; number++) {
    const digest = digests[number % tags.manifests] as string
    const tag = path.join(folder, tagOf(number))
    const index = path.join(tag, 'index', digest.replace(':', '/'))
    fs.mkdirSync(index, { recursive: true })
    fs.writeFileSync(path.join(index, 'link'), digest)
    fs.mkdirSync(path.join(tag, 'current'))
    fs.writeFileSync(path.join(tag, 'current/link'), digest)
  }
}
