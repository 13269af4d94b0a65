/** What `docker save` writes and `docker load` reads, made by code: an image of many layers in no time. */
import { digestOf } from '../../../testing/digest-of.ts'
import { tarOf } from './tar.ts'

export function dockerArchive(name: string, layers: readonly Uint8Array[]): Buffer {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/layer-0'] },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
  })
  const files = Object.fromEntries(layers.map((tar, at) => [`${at}.tar`, tar]))
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: Object.keys(files) }]
  return tarOf({ 'manifest.json': JSON.stringify(manifest), 'config.json': config, ...files })
}
