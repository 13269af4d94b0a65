/** spec, Cancel a blob upload. */
import { randomBlob } from './support/content.ts'
import { assertStatus } from './support/expect.ts'
import { newRepository } from './support/names.ts'
import {
  blobPath,
  finishUpload,
  locationOf,
  pushBlob,
  sendChunk,
  startChunkedUpload,
  startUpload,
} from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('cancelling an upload', (registry) => {
  it('"If successful, the response SHOULD be a `204 No Content` response code" (URL from POST)', async () => {
    const location = await startUpload(registry, newRepository())

    assertStatus(await registry.delete(location), 204)
  })

  it('"The `<blob-push-location>` refers to the URL obtained from the preceding `POST` or `PATCH` request" (URL from PATCH)', async () => {
    const { location, chunkSize } = await startChunkedUpload(registry, newRepository())
    const patch = await sendChunk(registry, location, randomBlob(chunkSize).bytes, 0)

    assertStatus(await registry.delete(locationOf(patch)), 204)
  })

  it('a cancelled upload is gone: GET, PATCH, PUT and DELETE answer 404', async () => {
    const repository = newRepository()
    const { location, chunkSize } = await startChunkedUpload(registry, repository)
    const blob = randomBlob(chunkSize)
    const patch = await sendChunk(registry, location, blob.bytes, 0)
    const current = locationOf(patch)
    await registry.delete(current)

    assertStatus(await registry.get(current), 404)
    assertStatus(await sendChunk(registry, current, blob.bytes, chunkSize), 404)
    assertStatus(await finishUpload(registry, current, blob.digest), 404)
    assertStatus(await registry.delete(current), 404)
    assertStatus(await registry.head(blobPath(repository, blob.digest)), 404)
  })

  it('cancelling an upload that never was is 404', async () => {
    const repository = newRepository()
    await pushBlob(registry, repository, randomBlob())

    assertStatus(await registry.delete(`/v2/${repository}/blobs/uploads/00000000-1111-4222-8333-444444444444`), 404)
  })

  it('the blob of a cancelled upload can be pushed in another one', async () => {
    const repository = newRepository()
    const blob = randomBlob()
    await registry.delete(await startUpload(registry, repository))

    await pushBlob(registry, repository, blob)
  })
})
