/** crane, of go-containerregistry: the library of ko, kaniko and many scanners. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { run, tryRun } from './support/command.ts'
import { digestOfTag, headManifest, pushTree, tagsOf } from './support/http.ts'
import { addImageWithEmptyLayer, addMultiPlatformIndex, sampleImages } from './support/images.ts'
import { OciLayout } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { tarOf } from './support/tar.ts'
import { useWorkbench } from './support/workbench.ts'

describe('crane', function () {
  const bench = useWorkbench(this, 'crane', { tools: ['crane'] })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`pushes ${what} and pulls it back, byte for byte`, async () => {
      const { folder, repository } = bench()
      const target = repository('push')
      const layout = await OciLayout.create(folder.in(`${target.name.slice(-8)}-source`))
      const root = await addSample(layout, what)
      await layout.tag('v1', root)

      await crane('push', layout.folder, `${target.reference}:v1`)
      await assertServes(target, layout, { root, reference: 'v1' })

      const pulled = folder.in(target.name.slice(-8))
      await crane('pull', '--format=oci', `${target.reference}:v1`, pulled)
      await assertHolds(OciLayout.open(pulled), layout, root)
    })
  }

  it('copies a tag to another repository, mounting the blobs', async () => {
    const { layout, repository } = bench()
    const [source, target] = [repository('from'), repository('to')]
    const root = await addMultiPlatformIndex(layout, 'crane copy')
    await pushTree(source, layout, { root, tag: 'v1' })

    const log = await tryRun('crane', [
      'copy',
      '--verbose',
      '--insecure',
      `${source.reference}:v1`,
      `${target.reference}:v1`,
    ])

    assert.equal(log.exitCode, 0, log.stderr)
    assert.match(log.stderr, /mounted blob/)
    await assertServes(target, layout, { root, reference: 'v1' })
  })

  it('copies a whole repository with all its tags', async () => {
    const { layout, repository } = bench()
    const [source, target] = [repository('all'), repository('all-copied')]
    const root = await addMultiPlatformIndex(layout, 'crane copy all')
    const tags = ['1.0', '1.0-alpha', '1.0.1', 'latest']
    for (const tag of tags) await pushTree(source, layout, { root, tag })

    await crane('copy', '--all-tags', source.reference, target.reference)

    assert.deepEqual(await tagsOf(target), tags)
    await assertServes(target, layout, { root, reference: '1.0.1' })
  })

  it('lists tags and repositories, tags, and tells digests', async () => {
    const { layout, registry, repository } = bench()
    const target = repository('list')
    const root = await addMultiPlatformIndex(layout, 'crane ls')
    await pushTree(target, layout, { root, tag: 'v1' })
    await crane('tag', `${target.reference}:v1`, 'v2')

    assert.equal(await crane('ls', target.reference), 'v1\nv2\n')
    assert.equal((await crane('digest', `${target.reference}:v2`)).trim(), root.digest)
    assert.ok((await crane('catalog', registry.host)).split('\n').includes(target.name))
  })

  it('deletes a manifest, and its tags are gone with it', async () => {
    const { layout, repository } = bench()
    const target = repository('delete')
    const root = await addImageWithEmptyLayer(layout, 'crane delete')
    await pushTree(target, layout, { root, tag: 'v1' })

    await crane('delete', `${target.reference}@${root.digest}`)

    assert.equal((await headManifest(target, 'v1')).status, 404)
    assert.deepEqual(await tagsOf(target), [])
  })

  it('mutates an image in place and appends a layer to it', async () => {
    const { layout, folder, repository } = bench()
    const target = repository('mutate')
    const root = await addImageWithEmptyLayer(layout, 'crane mutate')
    await pushTree(target, layout, { root, tag: 'v1' })
    await writeFile(folder.in('more.tar'), tarOf({ more: 'content' }))

    await crane('mutate', '--label', 'purpose=proof', '--tag', `${target.reference}:v2`, `${target.reference}:v1`)
    await crane(
      'append',
      '--base',
      `${target.reference}:v2`,
      '--new_layer',
      folder.in('more.tar'),
      '--new_tag',
      `${target.reference}:v3`,
    )

    const config = JSON.parse(await crane('config', `${target.reference}:v3`)) as {
      config: { Labels: Record<string, string> }
      rootfs: { diff_ids: string[] }
    }
    assert.deepEqual(config.config.Labels, { purpose: 'proof' })
    assert.equal(config.rootfs.diff_ids.length, 3)
    assert.equal(await digestOfTag(target, 'v1'), root.digest)
    await crane('validate', '--remote', `${target.reference}:v3`)
  })
})

async function crane(command: string, ...args: readonly string[]): Promise<string> {
  return run('crane', [command, '--insecure', ...args])
}
