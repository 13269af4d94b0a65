// Writes tags as files of the storage layout: a hundred thousand pushes would take longer than the benchmark.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { digestOf, sampleManifest, tagOf } from './sample-images.ts'

/**
 * Tags `first` … `first + count - 1`, pointing in turn at the first `manifests` images, which are in the repository.
 * Without the history below `index/`, which no request to another tag reads: it is most of the files, and slow to make and
 * to remove. No registry may run on the folder.
 */
export function writeTags(
  root: string,
  repository: string,
  tags: { first: number; count: number; manifests: number },
): void {
  const folder = path.join(root, 'docker/registry/v2/repositories', repository, '_manifests/tags')
  const digests = Array.from({ length: tags.manifests }, (_, number) => digestOf(sampleManifest(number)))
  for (let number = tags.first; number < tags.first + tags.count; number++) {
    const current = path.join(folder, tagOf(number), 'current')
    fs.mkdirSync(current, { recursive: true })
    fs.writeFileSync(path.join(current, 'link'), digests[number % tags.manifests] as string)
  }
  // Or the disk would still be busy with them while the registry is measured.
  execFileSync('sync', ['-f', folder])
}
