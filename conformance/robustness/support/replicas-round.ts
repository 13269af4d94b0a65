// One image pushed and pulled back by a client that forgives nothing: every request must succeed at its first attempt.
import assert from 'node:assert/strict'
import type { Answer, ExchangeRequest } from '../../../testing/exchange.ts'
import { ask } from './ask.ts'
import { imageOf, randomBlob, type Content } from './content.ts'
import { expectStatus, pushForms } from './push-forms.ts'
import type { Random } from './seeded-random.ts'

/** Sends one request that has to be answered with `status`. */
export async function demand(url: string, status: number, request: ExchangeRequest): Promise<Answer> {
  return expectStatus(status, `${request.method ?? 'GET'} of ${request.path}`, await ask(url, request))
}

/** In a random form. */
export async function demandPush(url: string, repository: string, blob: Content, random: Random): Promise<void> {
  const how = random.pick(Object.keys(pushForms))
  const push = pushForms[how] ?? assert.fail()
  expectStatus(201, `a push (${how})`, await push(url, { repository, blob, acknowledged: 0 }, random))
}

/** `name` makes the image like no other. */
export async function pushAndPullBack(
  url: string,
  { repository, name }: { repository: string; name: string },
  random: Random,
): Promise<void> {
  const blobs: [Content, Content] = [randomBlob(random), randomBlob(random)]
  for (const blob of blobs) await demandPush(url, repository, blob, random)
  const manifest = imageOf(blobs, { name })
  const path = `/v2/${repository}/manifests/latest`
  await demand(url, 201, {
    method: 'PUT',
    path,
    headers: { 'Content-Type': manifest.mediaType },
    body: manifest.bytes,
  })
  assert.ok((await demand(url, 200, { path })).body.equals(manifest.bytes), 'the manifest has other bytes')
  for (const { digest, bytes } of blobs) {
    const answer = await demand(url, 200, { path: `/v2/${repository}/blobs/${digest}` })
    assert.ok(answer.body.equals(bytes), `${digest} has other bytes`)
  }
}
