// How long a registry takes from the start of its process to the first answer, on an empty folder.
import { startRegistry } from '../servers/start-registry.ts'
import { inRounds, type Row } from './row.ts'

export const startRow: Row = {
  name: 'start',
  lines: [{ title: 'start to first answer, ms', figures: ['startMs'] }],
  run: (bench) =>
    inRounds(bench.sizes.starts, bench.registries, async (registry) => {
      const server = await startRegistry(registry, bench.freshFolder())
      bench.record('start', registry.name, { startMs: server.startMs })
      await server.stop()
    }),
}
