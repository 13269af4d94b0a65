import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorOf, exchange, jsonOf } from '../testing/exchange.ts'
import { furnishedServer, type FurnishedServer } from '../testing/furnished-server.ts'
import { workersOf } from '../testing/processes.ts'

const workers = 2

describe('the operators’ server', () => {
  let server: FurnishedServer
  let debug: { url: string }
  before(async () => {
    server = await furnishedServer()
    debug = { url: server.debugUrl }
    await workersOf(server, workers)
  })
  afterEach('health is restored', () => exchange(debug, { method: 'POST', path: '/debug/health/up' }))

  /** The statuses of as many requests as surely reach all workers. */
  async function statuses(path: string): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: workers * 3 }, () => exchange(server, { path })))
    return [...new Set(answers.map(({ status }) => status))]
  }

  async function until(path: string, expected: number): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const seen = await statuses(path)
      if (seen.length === 1 && seen[0] === expected) return
      await sleep(20)
    }
    assert.fail(`not all workers answer ${expected} at ${path}`)
  }

  it('shows an empty object while all checks succeed', async () => {
    const answer = await exchange(debug, { path: '/debug/health' })
    assert.deepEqual([answer.status, jsonOf(answer)], [200, {}])
  })

  it('takes the registry out of service by POST /debug/health/down, on all workers, and back by up', async () => {
    assert.equal((await exchange(debug, { method: 'POST', path: '/debug/health/down' })).status, 200)
    await until('/v2/', 503)
    assert.deepEqual(await statuses('/readyz'), [503])
    assert.deepEqual(await statuses('/healthz'), [200])
    const shown = await exchange(debug, { path: '/debug/health' })
    assert.deepEqual([shown.status, jsonOf(shown)], [503, { manual_http_status: 'manual check' }])
    const refused = await exchange(server, { path: '/v2/' })
    assert.deepEqual(
      [errorOf(refused).code, errorOf(refused).detail],
      ['UNAVAILABLE', { checks: ['manual_http_status'] }],
    )
    assert.ok(Number(refused.headers['retry-after']) > 0)

    assert.equal((await exchange(debug, { method: 'POST', path: '/debug/health/up' })).status, 200)
    await until('/v2/', 200)
    assert.deepEqual(await statuses('/readyz'), [200])
  })

  it('does not take it out of service by a GET, and has nothing of the registry', async () => {
    assert.equal((await exchange(debug, { path: '/debug/health/down' })).status, 405)
    assert.equal((await exchange(debug, { path: '/v2/' })).status, 404)
    assert.deepEqual(await statuses('/v2/'), [200])
  })

  it('is not reachable on the registry’s own address', async () => {
    for (const path of ['/debug/health', '/metrics', '/debug/health/down']) {
      assert.equal((await exchange(server, { path })).status, 404, path)
    }
  })
})
