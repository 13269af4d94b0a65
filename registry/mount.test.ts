import assert from 'node:assert/strict'
import { app, hexIn, layer, pushBlob, readBlob, writeText } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { digestOf } from './digest.ts'
import { blobKey, layerLinkKey } from './layout.ts'
import { parseRepositoryName } from './names.ts'

const other = parseRepositoryName('team/other')
const digest = digestOf(layer)

describeOnDrivers('mounting a blob', (driver) => {
  it('gives the repository the blob of another one, without its bytes being sent', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, other, layer)
    assert.equal(await readBlob(registry, app, digest), undefined)
    assert.equal(await registry.uploads.mount(app, digest, other), true)
    assert.deepEqual(await readBlob(registry, app, digest), layer)
    assert.equal((await driver().get(layerLinkKey(app, digest)))?.bytes.toString(), digest)
  })

  it('without a source takes it from whoever has it', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, other, layer)
    assert.equal(await registry.uploads.mount(app, digest, undefined), true)
    assert.deepEqual(await readBlob(registry, app, digest), layer)
  })

  it('is refused when the source does not have it, whoever else does', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, other, layer)
    assert.equal(await registry.uploads.mount(app, digest, parseRepositoryName('team/empty')), false)
    assert.equal(await readBlob(registry, app, digest), undefined)
  })

  it('is refused when nobody has it, or only a link to bytes that are gone or torn', async () => {
    const registry = openRegistry(driver())
    assert.equal(await registry.uploads.mount(app, digest, undefined), false)
    assert.equal(await registry.uploads.mount(app, digest, other), false)
    await writeText(driver(), layerLinkKey(other, digest), digest)
    assert.equal(await registry.uploads.mount(app, digest, other), false)
    await writeText(driver(), blobKey(digest), '')
    assert.equal(await registry.uploads.mount(app, digest, other), false)
    assert.equal(await registry.uploads.mount(app, digest, undefined), false)
    assert.equal(await readBlob(registry, app, digest), undefined)
  })

  it('follows a sha512 link that CNCF distribution made to sha256 content', async () => {
    const registry = openRegistry(driver())
    const sha512 = digestOf(layer, 'sha512')
    await driver().write(blobKey(digest), layer)
    await writeText(driver(), layerLinkKey(other, sha512), digest)
    assert.equal(await registry.uploads.mount(app, sha512, other), true)
    assert.deepEqual(await readBlob(registry, app, sha512), layer)
    assert.match((await driver().get(layerLinkKey(app, sha512)))?.bytes.toString() ?? '', new RegExp(hexIn(digest)))
  })

  it('is no move: the source keeps its blob, and loses it alone', async () => {
    const registry = openRegistry(driver())
    await pushBlob(registry, other, layer)
    await registry.uploads.mount(app, digest, other)
    assert.equal(await registry.blobs.unlink(other, digest), true)
    assert.equal(await registry.blobs.unlink(other, digest), false)
    assert.equal(await readBlob(registry, other, digest), undefined)
    assert.deepEqual(await readBlob(registry, app, digest), layer)
  })
})
