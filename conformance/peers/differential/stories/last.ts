/** What makes a difference to every catalog that comes after it, and therefore comes last. */
import { mediaTypes } from '../../../clients/support/oci-layout.ts'
import { contentOf, digestOf, imageOf, json } from '../content.ts'
import { getManifest, listTags, pushBlob, pushParts, putManifest, type Story } from '../story.ts'

export const emptyARepository: Story = async (world) => {
  const [config, layer] = await pushParts(world)
  const bytes = json(imageOf(config, [layer]))
  await putManifest(world, 'manifest PUT by tag', { bytes, contentType: mediaTypes.manifest, reference: 'v1' })
  await getManifest(world, 'manifest DELETE by digest', { method: 'DELETE', reference: digestOf(bytes) })
  await listTags(world, 'tags GET, a repository whose manifests were deleted')
  await world.pair.ask('catalog GET, a repository whose manifests were deleted', {
    method: 'GET',
    path: `/v2/_catalog?n=1&last=${world.repository.slice(0, -1)}`,
  })
}

/** Names that sort differently as whole texts and component by component. */
export const orderTheCatalog: Story = async (world) => {
  const blob = contentOf(world.random.bytes(20))
  for (const end of ['', '/b', '-c', '.d']) {
    const own = { ...world, repository: `${world.repository}/z${end}` }
    await pushBlob(own, blob)
    const bytes = json(imageOf(blob, [blob]))
    await putManifest(own, 'manifest PUT by tag', { bytes, contentType: mediaTypes.manifest, reference: 'v1' })
  }
  for (const query of ['?n=1000', `?n=1&last=${world.repository}/z`, `?n=2&last=${world.repository}/z-c`]) {
    await world.pair.ask('catalog GET, names that continue each other', { method: 'GET', path: `/v2/_catalog${query}` })
  }
}
