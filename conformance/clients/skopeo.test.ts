/** skopeo, of the containers/image library that podman, buildah and CRI-O share. */
import assert from 'node:assert/strict'
import { run, tryRun } from './support/command.ts'
import { digestOfTag, headManifest, tagsOf } from './support/http.ts'
import { addImage, addMultiPlatformIndex, layerOf, sampleImages } from './support/images.ts'
import { OciLayout } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

describe('skopeo', function () {
  const bench = useWorkbench(this, 'skopeo', { tools: ['skopeo'] })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`copies ${what} to the registry and back, byte for byte`, async () => {
      const { layout, folder, repository } = bench()
      const target = repository('copy')
      const tag = target.name.slice(-8)
      const root = await addSample(layout, what)
      await layout.tag(tag, root)

      await skopeo('copy', '--all', `oci:${layout.folder}:${tag}`, `docker://${target.reference}:v1`)
      await assertServes(target, layout, { root, reference: 'v1' })

      await skopeo('copy', '--all', `docker://${target.reference}:v1`, `oci:${folder.in(tag)}:v1`)
      await assertHolds(OciLayout.open(folder.in(tag)), layout, root)
    })
  }

  it('converts an image to Docker schema 2 and pulls that back unchanged', async () => {
    const { layout, folder, repository } = bench()
    const target = repository('schema2')
    await layout.tag('schema2', await addImage(layout, { layers: [layerOf({ hello: 'schema 2' })] }))

    await skopeo('copy', '--format', 'v2s2', `oci:${layout.folder}:schema2`, `docker://${target.reference}:v1`)
    const type = (await headManifest(target, 'v1')).headers.get('content-type')
    await skopeo('copy', `docker://${target.reference}:v1`, `dir:${folder.in('schema2')}`)

    assert.equal(type, 'application/vnd.docker.distribution.manifest.v2+json')
    const inspected = await skopeo('inspect', '--format', '{{.Digest}}', `docker://${target.reference}:v1`)
    const pulled = await run('skopeo', ['manifest-digest', folder.in('schema2', 'manifest.json')])
    assert.equal(pulled.trim(), inspected.trim())
  })

  it('copies between repositories, mounting the blobs', async () => {
    const { layout, repository } = bench()
    const [source, target] = [repository('from'), repository('to')]
    const root = await addMultiPlatformIndex(layout, 'between repositories')
    await layout.tag('between', root)
    await skopeo('copy', '--all', `oci:${layout.folder}:between`, `docker://${source.reference}:v1`)

    await skopeo('copy', '--all', `docker://${source.reference}:v1`, `docker://${target.reference}:v1`)

    await assertServes(target, layout, { root, reference: 'v1' })
  })

  it('syncs every tag of a repository to a folder, and the folder to another registry path', async () => {
    const { layout, folder, registry, repository } = bench()
    const source = repository('sync')
    const digests: Record<string, string> = {}
    for (const tag of ['1.0', '1.0-alpha', '1.0.1']) {
      const root = await addImage(layout, { layers: [layerOf({ version: tag })] })
      digests[tag] = root.digest
      await layout.tag(`sync-${tag}`, root)
      await skopeo('copy', `oci:${layout.folder}:sync-${tag}`, `docker://${source.reference}:${tag}`)
    }

    await skopeo('sync', '--src', 'docker', '--dest', 'dir', source.reference, folder.in('synced'))
    await skopeo('sync', '--src', 'dir', '--dest', 'docker', folder.in('synced'), `${registry.host}/copies`)

    const copied = { url: registry.url, name: `copies/${source.name.split('/').at(-1)}` }
    assert.deepEqual(await tagsOf(copied), Object.keys(digests))
    for (const [tag, digest] of Object.entries(digests)) assert.equal(await digestOfTag(copied, tag), digest)
  })

  it('lists tags and deletes an image by its tag', async () => {
    const { layout, repository } = bench()
    const target = repository('delete')
    const root = await addImage(layout, { layers: [layerOf({ hello: 'to be deleted' })] })
    await layout.tag('delete', root)
    await skopeo('copy', `oci:${layout.folder}:delete`, `docker://${target.reference}:v1`)
    const listed = JSON.parse(await skopeo('list-tags', `docker://${target.reference}`)) as { Tags: string[] }

    await skopeo('delete', `docker://${target.reference}:v1`)

    assert.deepEqual(listed.Tags, ['v1'])
    assert.equal((await headManifest(target, root.digest)).status, 404)
    const gone = await tryRun('skopeo', ['inspect', '--tls-verify=false', `docker://${target.reference}:v1`])
    assert.match(gone.stderr, /manifest unknown/)
  })
})

/** Without the machine's signature policy, and over plain HTTP. */
async function skopeo(command: string, ...args: readonly string[]): Promise<string> {
  return run('skopeo', ['--insecure-policy', command, ...plainHttp(command), ...args])
}

function plainHttp(command: string): readonly string[] {
  const copies = command === 'copy' || command === 'sync'
  return copies ? ['--src-tls-verify=false', '--dest-tls-verify=false'] : ['--tls-verify=false']
}
