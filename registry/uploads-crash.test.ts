import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inProcessLocker } from '../coordination/in-process.ts'
import { purgeExpiredUploads } from '../gc/expired-uploads.ts'
import type { Batches, StorageDriver } from '../storage-drivers/driver.ts'
import { openFilesystemDriver } from '../storage-drivers/filesystem.ts'
import { openMemoryDriver } from '../storage-drivers/memory.ts'
import { freshFolder } from '../testing/fresh-folder.ts'
import { app, hexIn, keysOf, pushBlob, readBlob } from './fixtures/content.ts'
import { crashAtEveryChange } from './fixtures/crash-at-every-change.ts'
import { recordingLog } from './fixtures/open-registry.ts'
import { pushForms, sessionFor, type PushForm, type PushSession } from './fixtures/push-forms.ts'
import type { Digest } from './digest.ts'
import type { RegistryError } from './errors.ts'
import type { Registry } from './registry.ts'

const bytes = randomBytes(60)
const openMemory = async (): Promise<StorageDriver> => openMemoryDriver()
const openFolder = (): Promise<StorageDriver> => openFilesystemDriver(freshFolder())
const lastOnly = Object.entries(pushForms).slice(-1)

describePushes('memory', openMemory, Object.entries(pushForms))
// Every fsync is a real one here: the form with the most kinds of calls stands for all.
describePushes('filesystem', openFolder, lastOnly)

function describePushes(name: string, open: () => Promise<StorageDriver>, forms: [string, PushForm][]): void {
  describe(`a push that dies at any change of the storage (${name})`, () => {
    for (const [form, push] of forms) {
      it(`by ${form}: shows no wrong bytes, goes on in a new process, and leaves nothing behind`, () =>
        crashAtEveryChange({
          open,
          prepare: async () => sessionFor(bytes),
          work: push,
          async afterwards(registry, session, driver) {
            await assertAbsentOrTrue(registry, session)
            await push(registry, session)
            await assertOnlyTheBlobIsLeft(registry, session.digest, driver)
          },
        }))

      it(`by ${form}: can be begun anew by a client that has forgotten it`, () =>
        crashAtEveryChange({
          open,
          prepare: async () => sessionFor(bytes, 'sha512'),
          work: push,
          async afterwards(registry, session, driver) {
            await push(registry, { bytes: session.bytes, digest: session.digest })
            await assertOnlyTheBlobIsLeft(registry, session.digest, driver)
          },
        }))
    }

    it('in its closing PUT: the same PUT succeeds in a new process, or the blob is there already', () =>
      crashAtEveryChange({
        open,
        async prepare(registry) {
          const id = await registry.uploads.start(app, 'sha256')
          await registry.uploads.append(app, id, { chunks: chunks() })
          return { ...sessionFor(bytes), id }
        },
        work: (registry, { id, digest }) => registry.uploads.finish(app, id, digest),
        async afterwards(registry, { id, digest }, driver) {
          const isThere = (await registry.blob(app, digest)) !== undefined
          await registry.uploads.finish(app, id, digest).catch((error: RegistryError) => {
            if (!isThere) throw error
            assert.match(error.code, /^(?:BLOB_UPLOAD_UNKNOWN|DIGEST_INVALID)$/)
          })
          await assertOnlyTheBlobIsLeft(registry, digest, driver)
        },
      }))

    it('with a wrong digest: does no harm to the blob that has it', () =>
      crashAtEveryChange({
        open,
        prepare: async (registry) => pushBlob(registry, app, bytes),
        work: async (registry, digest) => {
          const session = { bytes: randomBytes(60), digest }
          await assert.rejects(async () => pushForms['chunks in PATCHes']?.(registry, session))
        },
        afterwards: (registry, digest, driver) => assertOnlyTheBlobIsLeft(registry, digest, driver),
      }))
  })
}

async function* chunks(): Batches {
  yield [Buffer.from(bytes)]
}

async function assertAbsentOrTrue(registry: Registry, { digest }: PushSession): Promise<void> {
  const found = await readBlob(registry, app, digest)
  if (found !== undefined) assert.deepEqual(found, bytes)
}

/** When the expired uploads are removed. */
async function assertOnlyTheBlobIsLeft(registry: Registry, digest: Digest, driver: StorageDriver): Promise<void> {
  const { log, logged } = recordingLog()
  const parts = {
    driver,
    repositories: registry.repositories,
    locker: inProcessLocker(),
    log,
    now: () => Date.now() + 10_000,
  }
  await purgeExpiredUploads(parts, { ageMs: 5000, dryRun: false })
  assert.deepEqual(
    logged.filter(({ level }) => level !== 'info'),
    [],
  )
  assert.deepEqual(await readBlob(registry, app, digest), bytes)
  const [algorithm, hex] = [digest.slice(0, 6), hexIn(digest)]
  assert.deepEqual(await keysOf(driver), [
    `docker/registry/v2/blobs/${algorithm}/${hex.slice(0, 2)}/${hex}/data`,
    `docker/registry/v2/repositories/team/app/_layers/${algorithm}/${hex}/link`,
  ])
}
