/** oras, of oras-go: artifacts of any kind, and what refers to them. Flux, Helm and notation push through the same library. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { digestOf } from '../../testing/digest-of.ts'
import { run, tryRun } from './support/command.ts'
import { openCuttingProxy } from './support/cutting-proxy.ts'
import { generatedBytes } from './support/generated-bytes.ts'
import { digestOfTag, headManifest, measureBlob, pushTree, referrersOf, tagsOf } from './support/http.ts'
import { addImageWithEmptyLayer, addMultiPlatformIndex, sampleImages } from './support/images.ts'
import { OciLayout } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

describe('oras', function () {
  const bench = useWorkbench(this, 'oras', { tools: ['oras'] })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`copies ${what} to the registry and back, byte for byte`, async () => {
      const { layout, folder, repository } = bench()
      const target = repository('copy')
      const tag = target.name.slice(-8)
      const root = await addSample(layout, what)
      await layout.tag(tag, root)

      await run('oras', [
        'cp',
        '--from-oci-layout',
        '--to-plain-http',
        `${layout.folder}:${tag}`,
        `${target.reference}:v1`,
      ])
      await assertServes(target, layout, { root, reference: 'v1' })

      await run('oras', [
        'cp',
        '--from-plain-http',
        '--to-oci-layout',
        `${target.reference}:v1`,
        `${folder.in(tag)}:v1`,
      ])
      await assertHolds(OciLayout.open(folder.in(tag)), layout, root)
    })
  }

  it('pushes files as an artifact under two tags and pulls the same files', async () => {
    const { folder, repository } = bench()
    const target = repository('files')
    const files = { 'model.bin': generatedBytes('oras file', 2_000_000), 'readme.md': Buffer.from('# hello') }
    await mkdir(folder.in('files'))
    for (const [name, bytes] of Object.entries(files)) await writeFile(folder.in('files', name), bytes)

    const type = ['--artifact-type', 'application/vnd.example.model']
    const named = ['model.bin:application/vnd.example.weights', 'readme.md:text/markdown']
    await oras(['push', ...type, `${target.reference}:v1,latest`, ...named], { cwd: folder.in('files') })
    await oras(['pull', '--output', folder.in('pulled'), `${target.reference}:latest`])

    for (const [name, bytes] of Object.entries(files))
      assert.ok(bytes.equals(await readFile(folder.in('pulled', name))))
    assert.deepEqual(await tagsOf(target), ['latest', 'v1'])
  })

  it('attaches artifacts to an image, and to one of them another, and discovers the tree', async () => {
    const { layout, repository } = bench()
    const target = repository('attach')
    const root = await addImageWithEmptyLayer(layout, 'oras attach')
    await pushTree(target, layout, { root, tag: 'v1' })
    const attach = async (type: string, subject: string) => {
      const annotation = ['--annotation', `made.for=${type}`]
      const args = ['attach', '--artifact-type', type, ...annotation, '--format', 'go-template={{.digest}}', subject]
      return (await oras(args)).trim()
    }
    const sbom = await attach('application/spdx+json', `${target.reference}:v1`)
    const signature = await attach('application/vnd.example.signature', `${target.reference}@${sbom}`)
    await attach('application/vnd.example.scan', `${target.reference}:v1`)

    const tree = await oras(['discover', `${target.reference}:v1`])
    const filtered = await oras([
      'discover',
      '--artifact-type',
      'application/spdx+json',
      '--depth',
      '1',
      `${target.reference}:v1`,
    ])

    for (const digest of [sbom, signature]) assert.ok(tree.includes(digest), tree)
    assert.ok(filtered.includes(sbom) && !filtered.includes('vnd.example.scan'), filtered)
    const [entry] = await referrersOf(target, root.digest, 'application/spdx+json')
    assert.equal(entry?.digest, sbom)
    assert.equal(entry?.annotations?.['made.for'], 'application/spdx+json')
    assert.deepEqual(await tagsOf(target), ['v1']) // no fallback tag: the registry has the referrers API
  })

  it('copies an image with everything that refers to it', async () => {
    const { layout, repository } = bench()
    const [source, target] = [repository('tree'), repository('tree-copied')]
    const root = await addMultiPlatformIndex(layout, 'oras recursive')
    await pushTree(source, layout, { root, tag: 'v1' })
    await oras(['attach', '--artifact-type', 'application/spdx+json', '--annotation', 'a=b', `${source.reference}:v1`])

    const plain = ['--from-plain-http', '--to-plain-http']
    await run('oras', ['cp', '--recursive', ...plain, `${source.reference}:v1`, `${target.reference}:v1`])

    await assertServes(target, layout, { root, reference: 'v1' })
    assert.deepEqual(await referrersOf(target, root.digest), await referrersOf(source, root.digest))
  })

  it('pushes, describes, fetches and deletes a blob, and a blob of no bytes', async () => {
    const { folder, repository } = bench()
    const target = repository('blob')
    for (const bytes of [generatedBytes('oras blob', 700_000), Buffer.alloc(0)]) {
      const digest = digestOf(bytes)
      await writeFile(folder.in('blob'), bytes)

      await oras(['blob', 'push', target.reference, folder.in('blob')])
      const described = JSON.parse(await oras(['blob', 'fetch', '--descriptor', `${target.reference}@${digest}`])) as {
        size: number
      }
      await oras(['blob', 'fetch', '--output', folder.in('fetched'), `${target.reference}@${digest}`])

      assert.deepEqual(await measureBlob(target, digest), { digest, size: bytes.length })
      assert.equal(described.size, bytes.length)
      assert.ok(bytes.equals(await readFile(folder.in('fetched'))))
      await oras(['blob', 'delete', '--force', `${target.reference}@${digest}`])
      assert.notEqual(
        (await tryRun('oras', ['blob', 'fetch', '--plain-http', '--descriptor', `${target.reference}@${digest}`]))
          .exitCode,
        0,
      )
    }
  })

  for (const direction of ['to-registry', 'to-client'] as const) {
    it(`fails when the bytes ${direction.replaceAll('-', ' ')} are cut in the middle of a blob, and succeeds at the next try`, async () => {
      const { folder, registry, repository } = bench()
      const target = repository('resume')
      const bytes = generatedBytes('oras resume', 3_000_000)
      await writeFile(folder.in('resume'), bytes)
      if (direction === 'to-client') await oras(['blob', 'push', target.reference, folder.in('resume')])
      const proxy = await openCuttingProxy(registry.url, { direction, afterBytes: 1_500_000 })
      const through = `${proxy.host}/${target.name}`
      const fetched = folder.in(`fetched-${direction}`)
      const args =
        direction === 'to-client'
          ? ['blob', 'fetch', '--plain-http', '--output', fetched, `${through}@${digestOf(bytes)}`]
          : ['blob', 'push', '--plain-http', through, folder.in('resume')]

      const first = await tryRun('oras', args)
      await run('oras', args)
      await proxy.stop()

      assert.ok(proxy.wasCut())
      assert.notEqual(first.exitCode, 0) // oras itself does not resume
      assert.deepEqual(await measureBlob(target, digestOf(bytes)), { digest: digestOf(bytes), size: bytes.length })
      if (direction === 'to-client') assert.ok(bytes.equals(await readFile(fetched)))
    })
  }

  it('lists tags, retags, and deletes a manifest', async () => {
    const { layout, repository } = bench()
    const target = repository('tags')
    const root = await addImageWithEmptyLayer(layout, 'oras tags')
    await pushTree(target, layout, { root, tag: '1.0' })
    await oras(['tag', `${target.reference}:1.0`, '1.0-alpha', '1.0.1'])

    assert.equal(await oras(['repo', 'tags', target.reference]), '1.0\n1.0-alpha\n1.0.1\n')
    assert.equal(await digestOfTag(target, '1.0.1'), root.digest)
    await oras(['manifest', 'delete', '--force', `${target.reference}@${root.digest}`])
    assert.equal((await headManifest(target, '1.0-alpha')).status, 404)
  })
})

/** The flag goes last: some commands have words of their own first. */
async function oras(args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  return run('oras', [...args, '--plain-http'], options)
}
