// One running server for all tests that want the same one: starting processes is most of what such tests cost.
import { startServer, type StartOptions, type TestServer } from './start-server.ts'

const running = new Map<string, Promise<TestServer>>()

/** The server of these options: started when first asked for, stopped after the last test. Only for tests that leave it as it was. */
export function sharedServer(options: StartOptions): Promise<TestServer> {
  const key = JSON.stringify(options)
  let server = running.get(key)
  if (server === undefined) {
    server = startServer(options)
    running.set(key, server)
  }
  return server
}

after('the shared servers stop', async () => {
  await Promise.allSettled([...running.values()].map(async (server) => (await server).stop()))
})
