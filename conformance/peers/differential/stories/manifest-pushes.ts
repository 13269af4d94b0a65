/** Manifests pushed: of every type, moved and deleted. */
import { mediaTypes } from '../../../clients/support/oci-layout.ts'
import { contentOf, descriptorOf, digestOf, dockerImageOf, imageOf, indexOf, json } from '../content.ts'
import { getManifest, listTags, pushParts, putManifest, type Story } from '../story.ts'

/** A tag's whole life, in an order of the seed's choosing. */
export const pushMoveAndDelete: Story = async (world) => {
  const { random } = world
  const [config, layer] = await pushParts(world)
  const variants = [
    ...[0, 1].map((at) => ({
      type: mediaTypes.manifest,
      bytes: json(imageOf(config, [layer], { annotations: { at: `${at}` } })),
    })),
    { type: mediaTypes.dockerManifest, bytes: json(dockerImageOf(config, [layer])) },
    { type: mediaTypes.manifest, bytes: Buffer.from(JSON.stringify(imageOf(config, [layer, layer]), undefined, 3)) },
  ]
  // Until the end the repository holds a manifest.
  const kept = json(imageOf(config, [layer], { annotations: { kept: 'yes' } }))
  await putManifest(world, 'manifest PUT by tag', { bytes: kept, contentType: mediaTypes.manifest, reference: 'kept' })
  for (let count = 4 + random.below(8); count > 0; count--) {
    const tag = random.pick(['latest', 'v1', 'v2'])
    const { type, bytes } = random.pick(variants)
    const digest = digestOf(bytes)
    switch (random.below(6)) {
      case 0:
      case 1:
        await putManifest(world, 'manifest PUT by tag', { bytes, contentType: type, reference: tag })
        break
      case 2:
        await putManifest(world, 'manifest PUT by digest', { bytes, contentType: type, reference: digest })
        break
      case 3:
        await getManifest(world, 'manifest DELETE by tag', { method: 'DELETE', reference: tag })
        break
      case 4:
        await getManifest(world, 'manifest DELETE by digest', { method: 'DELETE', reference: digest })
        break
      default:
        await listTags(world)
    }
    await getManifest(world, 'manifest GET', {
      reference: random.pick([tag, digest]),
      method: random.pick(['GET', 'HEAD']),
    })
  }
  await listTags(world)
}

export const pushIndexes: Story = async (world) => {
  const { random } = world
  const [config, layer] = await pushParts(world)
  const image = contentOf(json(imageOf(config, [layer])))
  const docker = contentOf(json(dockerImageOf(config, [layer])))
  await putManifest(world, 'manifest PUT by digest', {
    bytes: image.bytes,
    contentType: mediaTypes.manifest,
    reference: image.digest,
  })
  await putManifest(world, 'manifest PUT by tag', {
    bytes: docker.bytes,
    contentType: mediaTypes.dockerManifest,
    reference: 'docker',
  })
  const missing = contentOf(random.bytes(100))
  const [what, type, document] = random.pick([
    ['', mediaTypes.index, indexOf(mediaTypes.index, [{ content: image, mediaType: mediaTypes.manifest }])],
    [
      '',
      mediaTypes.dockerList,
      indexOf(mediaTypes.dockerList, [{ content: docker, mediaType: mediaTypes.dockerManifest }]),
    ],
    [', without children', mediaTypes.index, indexOf(mediaTypes.index, [])],
    [
      ', a missing child',
      mediaTypes.index,
      indexOf(mediaTypes.index, [{ content: missing, mediaType: mediaTypes.manifest }]),
    ],
    [
      ', a blob as child',
      mediaTypes.index,
      indexOf(mediaTypes.index, [{ content: layer, mediaType: mediaTypes.layerGzip }]),
    ],
    [
      ', a config besides',
      mediaTypes.index,
      { ...indexOf(mediaTypes.index, []), config: descriptorOf(mediaTypes.config, config) },
    ],
    [', manifests no array', mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index, manifests: {} }],
    [', without manifests', mediaTypes.index, { schemaVersion: 2, mediaType: mediaTypes.index }],
  ] as const)
  const bytes = json(document)
  await putManifest(world, `index PUT${what}`, { bytes, contentType: type, reference: 'index' })
  for (const reference of ['index', digestOf(bytes)]) {
    await getManifest(world, `index GET${what}`, { reference, method: random.pick(['GET', 'HEAD']) })
  }
  await getManifest(world, 'manifest DELETE by digest, a child', { method: 'DELETE', reference: image.digest })
  await getManifest(world, `index GET${what}`, { reference: 'index' })
}

/** Artifacts that refer to an image, as signatures and SBOMs do. */
export const pushReferrers: Story = async (world) => {
  const { random, pair, repository } = world
  const [config, layer] = await pushParts(world)
  const image = contentOf(json(imageOf(config, [layer])))
  await putManifest(world, 'manifest PUT by tag', {
    bytes: image.bytes,
    contentType: mediaTypes.manifest,
    reference: 'v1',
  })
  const subject = random.chance(70) ? image : contentOf(random.bytes(9))
  const bytes = json(
    imageOf(config, [layer], {
      artifactType: 'application/vnd.example.sbom',
      subject: descriptorOf(mediaTypes.manifest, subject),
    }),
  )
  const digest = digestOf(bytes)
  await putManifest(world, 'referrer PUT', { bytes, contentType: mediaTypes.manifest, reference: digest })
  await getManifest(world, 'referrer GET', { reference: digest })
  await pair.ask('referrers GET', {
    method: random.pick(['GET', 'HEAD']),
    path: `/v2/${repository}/referrers/${subject.digest}`,
  })
  await getManifest(world, 'referrer DELETE', { method: 'DELETE', reference: digest })
  await listTags(world)
}

export const pushBigManifests: Story = async (world) => {
  const [config, layer] = await pushParts(world)
  const [what, size] = world.random.pick([
    ['of almost 4 MiB', 4 * 1024 * 1024 - 2000],
    ['of more than 4 MiB', 4 * 1024 * 1024 + 1],
  ] as const)
  const bytes = json(imageOf(config, [layer], { annotations: { filler: 'x'.repeat(size) } }))
  await putManifest(world, `manifest PUT, ${what}`, { bytes, contentType: mediaTypes.manifest, reference: 'big' })
  await getManifest(world, `manifest GET, ${what}`, { reference: 'big', method: 'HEAD' })
}
