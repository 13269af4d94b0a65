// The soak in the size of a test: long enough to find a leak in every request, not one in every thousandth.
import assert from 'node:assert/strict'
import { requireLinux } from '../../testing/requirements.ts'
import { seedFrom } from './support/seeded-random.ts'
import { leaksIn, soak, tableOf } from './support/soak.ts'

const seconds = Number(process.env['LADING_SOAK_SECONDS'] ?? 60)

describe(`${seconds} seconds of mixed pushes, pulls, aborts, deletes and listings`, function () {
  this.timeout(seconds * 1000 + 60_000)
  const seed = seedFrom('LADING_SOAK_SEED')

  before(function () {
    requireLinux(this)
  })

  it(`every byte is right, nothing fails, and memory and open handles stay flat (LADING_SOAK_SEED=${seed})`, async () => {
    const report = await soak({ seconds, clients: 8, seed })
    console.log(tableOf(report).replaceAll(/^/gm, '        '))
    assert.deepEqual(leaksIn(report), [])
  })
})
