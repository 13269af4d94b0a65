// The soak by hand, as long as wanted: node conformance/robustness/soak.ts --minutes 20
import { parseArgs } from 'node:util'
import { leaksIn, soak, tableOf } from './support/soak.ts'
import { seedFrom } from './support/seeded-random.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '20' }, clients: { type: 'string', default: '12' } },
})
const seed = seedFrom('LADING_SOAK_SEED')
console.log(`LADING_SOAK_SEED=${seed}`)
const report = await soak({
  seconds: Number(values.minutes) * 60,
  clients: Number(values.clients),
  seed,
  onProgress: (line) => console.log(line),
})
console.log(tableOf(report))
const leaks = leaksIn(report)
for (const leak of leaks) console.error(leak)
process.exitCode = leaks.length > 0 ? 1 : 0
