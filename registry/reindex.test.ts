import assert from 'node:assert/strict'
import { digestOf } from './digest.ts'
import { app, keysOf, pushImage, pushImageBlobs, pushManifest } from './fixtures/content.ts'
import { describeOnDrivers } from './fixtures/describe-on-drivers.ts'
import { openRegistry } from './fixtures/open-registry.ts'
import { listed, signature, subject } from './fixtures/referrers.ts'
import { referrerKey, revisionLinkKey } from './layout.ts'
import { parseRepositoryName } from './names.ts'
import { reindexReferrers } from './reindex.ts'

describeOnDrivers('reindexing', (driver) => {
  it('rebuilds the entries of a tree that an older registry wrote, and may be repeated', async () => {
    const registry = openRegistry(driver())
    const names = ['a', 'a/b', 'team/app'].map(parseRepositoryName)
    for (const name of names) {
      await pushImage(registry, name, 'subject', 'latest')
      for (const each of ['one', 'two']) await pushManifest(registry, name, signature(each))
    }
    const before = await keysOf(driver())
    for (const key of before.filter((key) => key.includes('/_referrers/'))) await driver().delete(key)
    assert.deepEqual(await listed(registry), [])

    for (const _ of [1, 2]) {
      const report = await reindexReferrers(registry, driver(), registry.log)
      assert.deepEqual(report, { repositories: 3, manifests: 9, referrers: 6, unreadable: 0 })
      assert.deepEqual(await keysOf(driver()), before)
      assert.equal((await listed(registry)).length, 2)
    }
  })

  it('goes past manifests that cannot be read, and tells how many', async () => {
    const registry = openRegistry(driver())
    await pushImageBlobs(registry, app)
    const digest = await pushManifest(registry, app, signature('one'))
    await driver().write(revisionLinkKey(app, digestOf(Buffer.from('x'))), Buffer.from(digestOf(Buffer.from('x'))))
    await driver().delete(referrerKey(app, subject.digest, digest))
    const report = await reindexReferrers(registry, driver(), registry.log)
    assert.deepEqual([report.referrers, report.unreadable], [1, 1])
    assert.deepEqual(await listed(registry), [digest])
  })
})
