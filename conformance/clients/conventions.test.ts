/** What tools agree on without the specification saying it: BuildKit's cache, cosign's tags, and referrers with a fallback tag. */
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { run } from './support/command.ts'
import { pushBlob, pushManifest, pushTree, referrersOf, tagsOf } from './support/http.ts'
import { addImageWithEmptyLayer, addMultiPlatformIndex } from './support/images.ts'
import { mediaTypes, OciLayout, type Descriptor } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { tarOf } from './support/tar.ts'
import { useWorkbench } from './support/workbench.ts'

describe('conventions of clients', function () {
  const bench = useWorkbench(this, 'conventions', { tools: ['crane', 'oras'] })

  async function addCacheBlobs(layout: OciLayout): Promise<readonly Descriptor[]> {
    const layers = await Array.fromAsync(['one', 'two'], (name) =>
      layout.addBlob(mediaTypes.layerGzip, gzipSync(tarOf({ [name]: `cached ${name}` }))),
    )
    const records = layers.map((layer) => ({ digest: layer.digest, results: [{ layer: 0 }] }))
    const cacheConfig = JSON.stringify({ layers: layers.map((layer) => ({ blob: layer.digest })), records })
    return [...layers, await layout.addBlob('application/vnd.buildkit.cacheconfig.v0', cacheConfig)]
  }

  it("keeps BuildKit's cache in its older form: an index whose children are layers and a configuration", async () => {
    const { layout, repository } = bench()
    const target = repository('buildkit-index')
    const manifests = await addCacheBlobs(layout)
    const root = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })

    await pushTree(target, layout, { root, tag: 'buildcache' })

    await assertServes(target, layout, { root, reference: 'buildcache' })
  })

  it("keeps BuildKit's cache in its newer form: an image manifest", async () => {
    const { layout, folder, repository } = bench()
    const target = repository('buildkit-image')
    const blobs = await addCacheBlobs(layout)
    const root = await layout.addManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: blobs.at(-1) as Descriptor,
      layers: blobs.slice(0, -1),
    })

    await pushTree(target, layout, { root, tag: 'buildcache' })

    await assertServes(target, layout, { root, reference: 'buildcache' })
    const pulled = folder.in('buildcache')
    await run('oras', ['cp', '--from-plain-http', '--to-oci-layout', `${target.reference}:buildcache`, `${pulled}:v1`])
    await assertHolds(OciLayout.open(pulled), layout, root)
  })

  it('keeps an index with BuildKit attestations: entries of the platform unknown/unknown', async () => {
    const { layout, folder, repository } = bench()
    const target = repository('attestation')
    const image = await addImageWithEmptyLayer(layout, 'attested')
    const statement = await layout.addBlob('application/vnd.in-toto+json', JSON.stringify({ predicateType: 'example' }))
    const attestation = await layout.addManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: await layout.addBlob(mediaTypes.config, JSON.stringify({ architecture: 'unknown', os: 'unknown' })),
      layers: [statement],
    })
    const root = await layout.addManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: [
        image,
        {
          ...attestation,
          platform: { os: 'unknown', architecture: 'unknown' },
          annotations: {
            'vnd.docker.reference.digest': image.digest,
            'vnd.docker.reference.type': 'attestation-manifest',
          },
        },
      ],
    })

    await pushTree(target, layout, { root, tag: 'v1' })
    await run('crane', ['pull', '--insecure', '--format=oci', `${target.reference}:v1`, folder.in('attested')])

    await assertServes(target, layout, { root, reference: 'v1' })
    await assertHolds(OciLayout.open(folder.in('attested')), layout, root)
  })

  it("keeps cosign's signature, attestation and SBOM tags beside the image, and crane copies them", async () => {
    const { layout, repository } = bench()
    const [target, copy] = [repository('cosign-tags'), repository('cosign-copied')]
    const image = await addMultiPlatformIndex(layout, 'cosign tags')
    await pushTree(target, layout, { root: image, tag: 'v1' })
    const beside: Record<string, Descriptor> = {}
    for (const kind of ['att', 'sbom', 'sig']) {
      const payload = await layout.addBlob('application/vnd.dev.cosign.simplesigning.v1+json', `{"critical":"${kind}"}`)
      const annotated = { ...payload, annotations: { 'dev.cosignproject.cosign/signature': 'c2lnbmF0dXJl' } }
      const config = await layout.addBlob(mediaTypes.config, JSON.stringify({ architecture: '', os: '', kind }))
      const root = await layout.addManifest({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config,
        layers: [annotated],
      })
      beside[`${image.digest.replace(':', '-')}.${kind}`] = root
    }
    for (const [tag, root] of Object.entries(beside)) await pushTree(target, layout, { root, tag })

    await run('crane', ['copy', '--insecure', '--all-tags', target.reference, copy.reference])

    assert.deepEqual(await tagsOf(copy), [...Object.keys(beside), 'v1'])
    for (const [tag, root] of Object.entries(beside)) await assertServes(copy, layout, { root, reference: tag })
  })

  it('lists a sigstore bundle pushed as a referrer, before and after its subject is there', async () => {
    const { layout, repository } = bench()
    const target = repository('cosign-referrers')
    const subject = await addImageWithEmptyLayer(layout, 'signed later')
    const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
    const bundle = await layout.addManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: await layout.addBlob(mediaTypes.empty, '{}'),
      layers: [await layout.addBlob(artifactType, '{"mediaType":"bundle"}')],
      subject,
      annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope' },
    })
    for (const child of [
      await layout.addBlob(mediaTypes.empty, '{}'),
      await layout.addBlob(artifactType, '{"mediaType":"bundle"}'),
    ]) {
      await pushBlob(target, layout, child)
    }

    const answer = await pushManifest(target, layout, { manifest: bundle, reference: bundle.digest })
    const before = await referrersOf(target, subject.digest)
    await pushTree(target, layout, { root: subject, tag: 'v1' })
    const after = await referrersOf(target, subject.digest, artifactType)

    assert.equal(answer.headers.get('oci-subject'), subject.digest)
    assert.deepEqual(before, after)
    assert.equal(after[0]?.digest, bundle.digest)
    assert.equal(after[0]?.artifactType, artifactType)
    assert.deepEqual(after[0]?.annotations, { 'dev.sigstore.bundle.content': 'dsse-envelope' })
  })

  it('lists a referrer once that an older client also listed in a fallback tag', async () => {
    const { layout, repository } = bench()
    const target = repository('fallback')
    const subject = await addImageWithEmptyLayer(layout, 'with a fallback tag')
    await pushTree(target, layout, { root: subject, tag: 'v1' })
    const empty = await layout.addBlob(mediaTypes.empty, '{}')
    const artifactType = 'application/vnd.example.old'
    const artifact = await layout.addManifest({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType,
      config: empty,
      layers: [empty],
      subject,
    })
    const listed = { ...artifact, artifactType }
    const fallback = await layout.addManifest({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [listed] })

    await pushTree(target, layout, { root: fallback, tag: subject.digest.replace(':', '-') })

    const referrers = await referrersOf(target, subject.digest)
    assert.deepEqual(
      referrers.map((referrer) => referrer.digest),
      [artifact.digest],
    )
  })
})
