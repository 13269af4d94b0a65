/** spec, Determining Support; and the headers every answer carries. */
import assert from 'node:assert/strict'

import { assertStatus, jsonOf, requiredHeader } from './support/expect.ts'
import { newRepository, newTag } from './support/names.ts'
import { assertAlive, manifestPath, pushImage } from './support/push.ts'
import { describeConformance } from './support/target.ts'

describeConformance('determining support', (registry) => {
  it('GET /v2/: "If the response is `200 OK`, then the registry implements this specification."', async () => {
    assertStatus(await registry.get('/v2/'), 200)
  })

  it('"`Warning` headers MUST specify a `warn-code` of `299` and a `warn-agent` of `-`", without a date, in at most 4096 bytes', async () => {
    for (const path of ['/v2/', `/v2/${newRepository()}/tags/list`, manifestPath(newRepository(), newTag())]) {
      const warning = (await registry.get(path)).header('warning')
      if (warning === undefined) continue
      assert.ok(Buffer.byteLength(warning) <= 4096)
      assert.match(warning, /^299 - "(?:[^"\\]|\\.)*"(?:, 299 - "(?:[^"\\]|\\.)*")*$/)
    }
  })

  describe('Lading promises', () => {
    it('GET /v2/ answers {} as JSON, as docker clients know it', async () => {
      const answer = await registry.get('/v2/')

      assert.deepEqual(jsonOf(answer), {})
      assert.match(requiredHeader(answer, 'content-type'), /^application\/json/)
    })

    it('the Content-Type of JSON is exactly application/json, as of distribution 3', async () => {
      const repository = newRepository()
      await pushImage(registry, repository, 'latest')
      const paths = [
        '/v2/',
        '/v2/_catalog',
        `/v2/${repository}/tags/list`,
        manifestPath(repository, newTag()),
        '/v2/a/b',
      ]
      for (const path of paths) {
        assert.equal((await registry.get(path)).header('content-type'), 'application/json', path)
      }
    })

    it('HEAD /v2/ answers 200', async () => {
      assertStatus(await registry.head('/v2/'), 200)
    })

    it('GET /v2 answers as /v2/ does, or redirects there', async () => {
      assertStatus(await registry.get('/v2'), 200)
    })

    it('Docker-Distribution-Api-Version: registry/2.0 is on every answer under /v2, errors too', async () => {
      const paths = [
        '/v2/',
        `/v2/${newRepository()}/tags/list`,
        manifestPath(newRepository(), newTag()),
        '/v2/Not/A/Route',
      ]
      for (const path of paths) {
        assert.equal((await registry.get(path)).header('docker-distribution-api-version'), 'registry/2.0', path)
      }
    })

    it('an OPTIONS request, as browsers send it before others, is never answered 401, and does no harm', async () => {
      const preflight = { Origin: 'https://ui.example.org', 'Access-Control-Request-Method': 'DELETE' }
      for (const path of ['/v2/', `/v2/${newRepository()}/tags/list`, manifestPath(newRepository(), newTag())]) {
        const answer = await registry.send({ method: 'OPTIONS', target: path, headers: preflight })
        assert.ok(answer.status < 400 || answer.status === 404 || answer.status === 405, `${answer.status} for ${path}`)
      }
      await assertAlive(registry)
    })
  })
})
