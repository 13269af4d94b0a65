/** spec, Error Codes. */
import assert from 'node:assert/strict'

import type { Answer, Registry, Request } from './support/client.ts'
import {
  blobOf,
  imageManifest,
  mediaTypes,
  randomBlob,
  randomConfig,
  randomDigest,
  randomLayer,
} from './support/content.ts'
import { assertError, assertStatus, errorCodes, errorsOf, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { blobPath, finishUpload, manifestPath, pushImage, putManifest, sendChunk, startUpload } from './support/push.ts'
import { describeConformance } from './support/target.ts'

/** Codes "targeting Docker schema1 manifests": "These error codes are OPTIONAL". */
const legacyCodes = ['TAG_INVALID', 'MANIFEST_UNVERIFIED']
const unknownUpload = '/blobs/uploads/00000000-1111-4222-8333-444444444444'

/** What goes wrong in a repository that exists, the status that it must have, and the code of the specification's table. */
const mistakes: readonly [
  what: string,
  make: (registry: Registry, repository: string) => Promise<Answer>,
  status: number,
  code: string,
][] = [
  [
    'a blob that is not there',
    (registry, repository) => registry.get(blobPath(repository, randomDigest())),
    404,
    'BLOB_UNKNOWN',
  ],
  [
    'a manifest that is not there, by tag',
    (registry, repository) => registry.get(manifestPath(repository, newTag())),
    404,
    'MANIFEST_UNKNOWN',
  ],
  [
    'a manifest that is not there, by digest',
    (registry, repository) => registry.get(manifestPath(repository, randomDigest())),
    404,
    'MANIFEST_UNKNOWN',
  ],
  [
    'the tags of a repository that is not there',
    (registry) => registry.get(`/v2/${newRepository()}/tags/list`),
    404,
    'NAME_UNKNOWN',
  ],
  [
    'the status of an upload that is not there',
    (registry, repository) => registry.get(`/v2/${repository}${unknownUpload}`),
    404,
    'BLOB_UPLOAD_UNKNOWN',
  ],
  [
    'a blob deleted that is not there',
    (registry, repository) => registry.delete(blobPath(repository, randomDigest())),
    404,
    'BLOB_UNKNOWN',
  ],
  [
    'a manifest deleted that is not there',
    (registry, repository) => registry.delete(manifestPath(repository, randomDigest())),
    404,
    'MANIFEST_UNKNOWN',
  ],
  [
    'bytes with another digest',
    async (registry, repository) =>
      finishUpload(registry, await startUpload(registry, repository), randomDigest(), randomBlob().bytes),
    400,
    'DIGEST_INVALID',
  ],
  [
    'a manifest that is no JSON',
    (registry, repository) => putManifest(registry, repository, blobOf('{', mediaTypes.ociManifest), newTag()),
    400,
    'MANIFEST_INVALID',
  ],
  [
    'a manifest whose blobs are not there',
    (registry, repository) =>
      putManifest(registry, repository, imageManifest(randomConfig(), [randomLayer()]), newTag()),
    400,
    'MANIFEST_BLOB_UNKNOWN',
  ],
]

/** Refusals for which the table has no code of its own. */
const others: readonly [
  what: string,
  make: (registry: Registry, repository: string) => Promise<Answer>,
  status: number,
][] = [
  [
    'a chunk out of order',
    async (registry, repository) => sendChunk(registry, await startUpload(registry, repository), randomBlob().bytes, 7),
    416,
  ],
  ['a page of -1 tags', (registry, repository) => registry.get(`/v2/${repository}/tags/list?n=-1`), 400],
  ['an invalid name', (registry) => registry.get('/v2/UPPER/tags/list'), 400],
]

describeConformance('errors', (registry) => {
  let repository: string

  before(async () => {
    repository = newRepository()
    await pushImage(registry, repository, newTag())
  })

  for (const [what, make, status] of [...mistakes, ...others]) {
    it(`"If the response body is in JSON format, it MUST have the following format", and "The \`code\` field MUST be one of the following": ${what}`, async () => {
      const answer = await make(registry, repository)

      if (answer.status < 300) return
      assertStatus(answer, status, 400, 404, 405)
      if (!/json/.test(answer.header('content-type') ?? '')) return
      for (const { code } of errorsOf(answer)) assert.ok([...errorCodes, ...legacyCodes].includes(code), code)
    })
  }

  describe('Lading promises', () => {
    for (const [what, make, status, code] of mistakes) {
      it(`${what}: ${status} ${code}, as JSON with a message`, async () => {
        const answer = await make(registry, repository)

        assertError(answer, status, code)
        assert.match(requiredHeader(answer, 'content-type'), /^application\/json/)
        for (const { message } of errorsOf(answer)) assert.ok(message !== undefined && message.length > 0)
      })
    }

    it('errors tell nothing of the inside: no paths of the storage', async () => {
      for (const [, make] of mistakes) {
        const text = (await make(registry, repository)).body.toString()
        assert.doesNotMatch(text, /\/docker\/registry\/|\/_layers\/|node:internal|at async /)
      }
    })

    const unrouted: readonly Request[] = [
      { method: 'GET', target: '/v2/nothing/here' },
      { method: 'GET', target: '/v2/a/b/c/blobs' },
      { method: 'GET', target: '/v2/a/manifests/' },
      { method: 'GET', target: '/v2/a/tags' },
      { method: 'GET', target: '/v2/a/tags/list/more' },
      { method: 'POST', target: '/v2/a/unknown/' },
    ]
    for (const request of unrouted) {
      it(`a 404 of the router has the error format too: ${request.method} ${request.target}`, async () => {
        const answer = await registry.send(request)

        assertStatus(answer, 404)
        errorsOf(answer)
      })
    }

    const wrongMethods: readonly [method: string, path: (repository: string) => string][] = [
      ['POST', (name) => manifestPath(name, 'tag')],
      ['PATCH', (name) => manifestPath(name, 'tag')],
      ['PUT', (name) => blobPath(name, randomDigest())],
      ['POST', (name) => blobPath(name, randomDigest())],
      ['DELETE', (name) => `/v2/${name}/tags/list`],
      ['PUT', (name) => `/v2/${name}/referrers/${randomDigest()}`],
      ['DELETE', () => '/v2/_catalog'],
      ['POST', (name) => `/v2/${name}${unknownUpload}`],
    ]
    for (const [method, path] of wrongMethods) {
      it(`a wrong method is 405 UNSUPPORTED with Allow, in the error format: ${method} ${path('name').replace(/sha256:.*/, '<digest>')}`, async () => {
        const answer = await registry.send({ method, target: path(repository) })

        assertError(answer, 405, 'UNSUPPORTED')
        assert.match(requiredHeader(answer, 'allow'), /GET|PUT|DELETE/)
      })
    }
  })
})
