import assert from 'node:assert/strict'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { digestOf } from './digest.ts'
import { app, imageBytes, indexBytes, keysOf, latest, pushImage, pushImageBlobs } from './fixtures/content.ts'
import { crashAtEveryChange } from './fixtures/crash-at-every-change.ts'
import type { JsonObject } from './strict-json.ts'
import { ociManifestType } from './manifest.ts'
import { parseRepositoryName, parseTag } from './names.ts'
import type { Registry } from './registry.ts'

const openMemory = async (): Promise<StorageDriver> => openMemoryDriver()
const openFolder = (): Promise<StorageDriver> => openFilesystemDriver(freshFolder())
const subject = { mediaType: ociManifestType, digest: digestOf(Buffer.from('the subject')), size: 11 }

describeCrashes('memory', openMemory, () => true)
// Every fsync is a real one here: the richest stories stand for the others.
describeCrashes('filesystem', openFolder, (title) => /several tags|ends it|nothing of it/.test(title))

function describeCrashes(name: string, open: () => Promise<StorageDriver>, isChosen: (title: string) => boolean): void {
  const promise = (title: string, run: () => Promise<void>): void => void (isChosen(title) && it(title, run))

  describe(`a manifest push that dies at any change of the storage (${name})`, () => {
    const pushes: [string, JsonObject, string[]][] = [
      ['with a new tag', {}, ['1.0']],
      ['that moves a tag', {}, ['latest']],
      ['with several tags, new and moved', {}, ['1.0', 'latest', '1.1']],
      ['with a subject', { subject }, []],
      ['with a subject, a tag, and a type that its bytes do not tell', { subject, mediaType: undefined }, ['1.0']],
    ]
    for (const [what, fields, tags] of pushes) {
      promise(`${what}: every tag leads to a whole manifest, and the same push succeeds afterwards`, () => {
        const bytes = imageBytes(fields)
        const push = { bytes, contentType: typeIn(fields), tags: tags.map(parseTag) }
        return crashAtEveryChange({
          open,
          prepare: (registry) => pushImage(registry, app, 'old', 'latest'),
          work: (registry) => registry.manifests.put(app, push),
          async afterwards(registry, old) {
            const now = (await registry.manifest(app, latest))?.digest
            assert.ok(now === old || now === digestOf(bytes))
            await assertReferrersAreThere(registry)
            await registry.manifests.put(app, push)
            for (const tag of push.tags) assert.equal((await registry.manifest(app, tag))?.digest, digestOf(bytes))
            assert.equal((await registry.manifest(app, digestOf(bytes)))?.mediaType, push.contentType)
            const listed = await Array.fromAsync(registry.referrers.list(app, subject.digest, {}))
            assert.deepEqual(
              listed.map(({ digest }) => digest),
              'subject' in fields ? [digestOf(bytes)] : [],
            )
          },
        })
      })
    }

    promise('of an index with its children: the index is never there without them', () => {
      const child = imageBytes({ annotations: { name: 'child' } })
      const index = indexBytes([{ mediaType: ociManifestType, digest: digestOf(child), size: child.length }])
      const work = async (registry: Registry): Promise<void> => {
        await registry.manifests.put(app, { bytes: child, contentType: undefined, tags: [] })
        await registry.manifests.put(app, { bytes: index, contentType: undefined, tags: [latest] })
      }
      return crashAtEveryChange({
        open,
        prepare: (registry) => pushImageBlobs(registry, app),
        work,
        async afterwards(registry) {
          await work(registry)
          assert.deepEqual((await registry.manifest(app, latest))?.bytes, index)
        },
      })
    })
  })

  describe(`a delete that dies at any change of the storage (${name})`, () => {
    const bytes = imageBytes({ subject, mediaType: undefined })
    const push = { bytes, contentType: 'application/vnd.example+json', tags: ['a', 'b', 'c'].map(parseTag) }
    const digest = digestOf(bytes)
    const prepare = async (registry: Registry): Promise<void> => {
      await pushImage(registry, app, 'old', 'a')
      await registry.manifests.put(app, push)
    }

    promise('of a manifest: no tag dangles, and the same delete ends it', () =>
      crashAtEveryChange({
        open,
        prepare,
        work: (registry) => registry.manifests.delete(app, digest),
        async afterwards(registry) {
          await assertReferrersAreThere(registry)
          const wasThere = (await registry.manifest(app, digest)) !== undefined
          assert.equal(await registry.manifests.delete(app, digest), wasThere)
          assert.equal(await registry.manifest(app, digest), undefined)
          assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), [])
          assert.deepEqual(await Array.fromAsync(registry.referrers.list(app, subject.digest, {})), [])
        },
      }),
    )

    promise('of a manifest: pushed again, it is as it was', () =>
      crashAtEveryChange({
        open,
        prepare,
        work: (registry) => registry.manifests.delete(app, digest),
        async afterwards(registry) {
          await registry.manifests.put(app, { ...push, contentType: ociManifestType })
          assert.deepEqual(await registry.manifest(app, parseTag('b')), { digest, mediaType: ociManifestType, bytes })
          assert.equal((await Array.fromAsync(registry.referrers.list(app, subject.digest, {}))).length, 1)
        },
      }),
    )

    promise('of a tag: it is there or gone, and the same delete ends it', () =>
      crashAtEveryChange({
        open,
        prepare,
        work: (registry) => registry.manifests.deleteTag(app, parseTag('a')),
        async afterwards(registry) {
          await registry.manifests.deleteTag(app, parseTag('a'))
          assert.deepEqual(await Array.fromAsync(registry.tags.list(app)), ['b', 'c'])
          assert.ok(await registry.manifest(app, digest))
        },
      }),
    )

    promise(
      'of a repository: no tag dangles, its neighbours are untouched, and the same delete leaves nothing of it',
      () =>
        crashAtEveryChange({
          open,
          async prepare(registry) {
            await prepare(registry)
            await pushImage(registry, parseRepositoryName('team/app/nested'), 'nested', 'latest')
          },
          work: (registry) => registry.repositories.delete(app),
          async afterwards(registry, _, driver) {
            await registry.repositories.delete(app)
            const left = await keysOf(driver, 'docker/registry/v2/repositories/')
            assert.deepEqual(
              left.filter((key) => !key.includes('/team/app/nested/')),
              [],
            )
            assert.ok(await registry.manifest(parseRepositoryName('team/app/nested'), latest))
          },
        }),
    )
  })
}

function typeIn(fields: JsonObject): string {
  return 'mediaType' in fields ? 'application/vnd.example+json' : ociManifestType
}

async function assertReferrersAreThere(registry: Registry): Promise<void> {
  for await (const { digest } of registry.referrers.list(app, subject.digest, {})) {
    assert.ok(await registry.manifest(app, digest), 'a referrer is listed that cannot be pulled')
  }
}
