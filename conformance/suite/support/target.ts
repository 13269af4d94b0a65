/** The registry under test: the one at LADING_CONFORMANCE_URL, or Lading itself, once for each kind of storage. */
import { connect, type Registry } from './client.ts'

interface Server {
  readonly url: string
  stop(): Promise<void>
}

const storages = ['memory', 'filesystem'] as const
type Storage = (typeof storages)[number]

/** One server for each kind of storage, shared by all files of a run. */
const servers = new Map<Storage, Promise<Server>>()

export function describeConformance(title: string, define: (registry: Registry) => void): void {
  const given = process.env['LADING_CONFORMANCE_URL']
  if (given !== undefined && given !== '') {
    describe(title, () => define(connect(() => new URL(given))))
    return
  }

  for (const storage of storages) {
    describe(`${title} (${storage} storage)`, () => {
      let url: URL | undefined
      before(async function () {
        this.timeout(30_000)
        url = new URL((await serverOn(storage)).url)
      })
      define(connect(() => {
        if (url === undefined) throw new Error(`no server with ${storage} storage is running`)
        return url
      }))
    })
  }
}

function serverOn(storage: Storage): Promise<Server> {
  const running = servers.get(storage) ?? startLading(storage)
  servers.set(storage, running)
  return running
}

async function startLading(storage: Storage): Promise<Server> {
  const { startServer } = await import('../../../testing/start-server.ts')
  return await startServer({ storage })
}

// Outside of any describe: a hook of the whole run.
after(async () => {
  await Promise.allSettled([...servers.values()].map(async (server) => (await server).stop()))
})
