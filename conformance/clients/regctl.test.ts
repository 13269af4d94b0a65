/** regctl, of regclient: the client that pushes in real chunks, resumes them, and mounts without naming a source. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { digestOf } from '../../testing/digest-of.ts'
import { run } from './support/command.ts'
import { openCuttingProxy, type Cut } from './support/cutting-proxy.ts'
import { generatedBytes } from './support/generated-bytes.ts'
import { headManifest, measureBlob, pushTree, referrersOf, tagsOf } from './support/http.ts'
import { addImage, addImageWithEmptyLayer, addMultiPlatformIndex, layerOf, sampleImages } from './support/images.ts'
import { OciLayout } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

const CHUNK_BYTES = 100_000

describe('regctl', function () {
  const bench = useWorkbench(this, 'regctl', { tools: ['regctl'] })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`copies ${what} to the registry and back, byte for byte`, async () => {
      const { layout, folder, repository } = bench()
      const target = repository('copy')
      const tag = target.name.slice(-8)
      const root = await addSample(layout, what)
      await layout.tag(tag, root)

      await regctl('image', 'copy', `ocidir://${layout.folder}:${tag}`, `${target.reference}:v1`)
      await assertServes(target, layout, { root, reference: 'v1' })

      await regctl('image', 'copy', `${target.reference}:v1`, `ocidir://${folder.in(tag)}:v1`)
      await assertHolds(OciLayout.open(folder.in(tag)), layout, root)
    })
  }

  /** Pushes one layer of a megabyte in small chunks through a proxy. */
  async function pushInChunks(purpose: string, cut?: Cut) {
    const { layout, registry, repository } = bench()
    const target = repository(purpose)
    const root = await addImage(layout, { layers: [layerOf({ big: generatedBytes(purpose, 1_000_000) })] })
    await layout.tag(purpose, root)
    const proxy = await openCuttingProxy(registry.url, cut)
    try {
      await regctlOf(proxy.host)(
        'image',
        'copy',
        `ocidir://${layout.folder}:${purpose}`,
        `${proxy.host}/${target.name}:v1`,
      )
    } finally {
      await proxy.stop()
    }
    await assertServes(target, layout, { root, reference: 'v1' })
    return proxy
  }

  it('pushes a layer in many small chunks', async () => {
    const proxy = await pushInChunks('chunks')

    const chunks = proxy.requests().filter((line) => line.startsWith('PATCH '))
    assert.ok(chunks.length >= 10, `${chunks.length} chunks`)
  })

  it('resumes a chunked push after its connection was cut in the middle of a chunk', async () => {
    const proxy = await pushInChunks('resume', { direction: 'to-registry', afterBytes: 450_000 })

    assert.ok(proxy.wasCut())
    const chunks = proxy.requests().filter((line) => line.startsWith('PATCH '))
    assert.ok(chunks.length < 20, `${chunks.length} chunks: it started again instead of resuming`)
  })

  it('resumes a pull whose connection was cut in the middle of a blob', async () => {
    const { layout, folder, registry, repository } = bench()
    const target = repository('resume-pull')
    const root = await addImage(layout, { layers: [layerOf({ big: generatedBytes('resume pull', 3_000_000) })] })
    await pushTree(target, layout, { root, tag: 'v1' })
    const proxy = await openCuttingProxy(registry.url, { direction: 'to-client', afterBytes: 1_500_000 })

    await regctlOf(proxy.host)(
      'image',
      'copy',
      `${proxy.host}/${target.name}:v1`,
      `ocidir://${folder.in('resumed')}:v1`,
    )
    await proxy.stop()

    assert.ok(proxy.wasCut())
    await assertHolds(OciLayout.open(folder.in('resumed')), layout, root)
  })

  it('pushes a blob from a stream and a blob of no bytes', async () => {
    const { repository } = bench()
    const target = repository('blob')
    for (const bytes of [generatedBytes('regctl blob', 300_000), Buffer.alloc(0)]) {
      const digest = (await regctl('blob', 'put', target.reference, { input: bytes })).trim()

      assert.equal(digest, digestOf(bytes))
      assert.deepEqual(await measureBlob(target, digest), { digest, size: bytes.length })
    }
  })

  it('copies between repositories', async () => {
    const { layout, repository } = bench()
    const [source, target] = [repository('from'), repository('to')]
    const root = await addMultiPlatformIndex(layout, 'regctl between')
    await pushTree(source, layout, { root, tag: 'v1' })

    await regctl('image', 'copy', `${source.reference}:v1`, `${target.reference}:v1`)

    await assertServes(target, layout, { root, reference: 'v1' })
  })

  it('converts an image to sha512 digests, pushes it and pulls it back', async () => {
    const { layout, folder, repository } = bench()
    const target = repository('sha512')
    await pushTree(target, layout, { root: await addImageWithEmptyLayer(layout, 'sha512'), tag: 'v1' })

    await regctl(
      'image',
      'mod',
      `${target.reference}:v1`,
      '--digest-algo',
      'sha512',
      '--create',
      `${target.reference}:v2`,
    )
    await regctl('image', 'copy', `${target.reference}:v2`, `ocidir://${folder.in('sha512')}:v2`)

    const pulled = OciLayout.open(folder.in('sha512'))
    const [entry] = await pulled.entries()
    assert.match(entry?.digest ?? '', /^sha512:/)
    const served = await fetch(`${target.url}/v2/${target.name}/manifests/${entry?.digest}`)
    const hash = createHash('sha512').update(Buffer.from(await served.arrayBuffer()))
    assert.equal(`sha512:${hash.digest('hex')}`, entry?.digest)
  })

  it('puts artifacts that refer to an image, and lists them by type', async () => {
    const { layout, repository } = bench()
    const target = repository('artifacts')
    const root = await addImageWithEmptyLayer(layout, 'regctl artifacts')
    await pushTree(target, layout, { root, tag: 'v1' })
    for (const type of ['application/spdx+json', 'application/vnd.example.scan']) {
      await regctl('artifact', 'put', '--artifact-type', type, '--subject', `${target.reference}:v1`, { input: type })
    }

    const flags = [
      '--filter-artifact-type',
      'application/spdx+json',
      '--format',
      '{{range .Descriptors}}{{println .ArtifactType}}{{end}}',
    ]
    const listed = await regctl('artifact', 'list', `${target.reference}:v1`, ...flags)
    const referrers = await referrersOf(target, root.digest)

    assert.equal(listed.trim(), 'application/spdx+json')
    assert.equal(referrers.length, 2)
    assert.deepEqual(await tagsOf(target), ['v1']) // no fallback tag: the registry said that it has the referrers API
  })

  it('deletes a tag and leaves the manifest and its other tags', async () => {
    const { layout, repository } = bench()
    const target = repository('delete')
    const root = await addImageWithEmptyLayer(layout, 'regctl delete')
    await pushTree(target, layout, { root, tag: 'v1' })
    await pushTree(target, layout, { root, tag: 'v2' })

    await regctl('tag', 'delete', `${target.reference}:v1`)

    assert.deepEqual(await tagsOf(target), ['v2'])
    assert.equal((await headManifest(target, root.digest)).status, 200)
  })

  type Argument = string | { readonly input: Uint8Array | string }

  /** regctl with a configuration of its own, which says: plain HTTP, and small chunks. */
  function regctlOf(host: string) {
    return async (...args: readonly Argument[]): Promise<string> => {
      const env = { REGCTL_CONFIG: bench().folder.in(`regctl-${host.replace(':', '-')}.json`) }
      const chunking = ['--blob-chunk', String(CHUNK_BYTES), '--blob-max', String(CHUNK_BYTES)]
      await run('regctl', ['registry', 'set', host, '--tls', 'disabled', '--skip-check', ...chunking], { env })
      const input = args.find((argument) => typeof argument !== 'string')
      return run(
        'regctl',
        args.filter((argument) => typeof argument === 'string'),
        { env, ...input },
      )
    }
  }

  async function regctl(...args: readonly Argument[]): Promise<string> {
    return regctlOf(bench().registry.host)(...args)
  }
})
