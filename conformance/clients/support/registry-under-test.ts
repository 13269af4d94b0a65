/** The registry that the clients talk to: LADING_CONFORMANCE_URL where given, else a Lading of the test's own. */
import { randomBytes } from 'node:crypto'

import { deploymentsToTest, startDeployment } from '../../../testing/start-deployment.ts'

export interface RegistryUnderTest {
  readonly url: string
  /** host:port, as clients name it in image references. */
  readonly host: string
  /** A repository that no other test uses. */
  freshRepository(purpose: string): string
  stop(): Promise<void>
}

export async function openRegistry(): Promise<RegistryUnderTest> {
  const given = process.env['LADING_CONFORMANCE_URL']
  const server = given ? { url: given, stop: async () => {} } : await startOwnServer()
  const url = server.url.replace(/\/$/, '')
  return {
    url,
    host: new URL(url).host,
    freshRepository: (purpose) => `clients/${purpose}-${randomBytes(4).toString('hex')}`,
    stop: () => server.stop(),
  }
}

async function startOwnServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const [name = 'filesystem'] = deploymentsToTest(['filesystem'])
  return startDeployment(name)
}
