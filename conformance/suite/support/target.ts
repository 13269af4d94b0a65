/** The registry under test: the one at LADING_CONFORMANCE_URL, or Lading itself, once for each deployment (memory and filesystem, or those of LADING_DEPLOYMENTS). */
import {
  deploymentsToTest,
  startDeployment,
  type Deployment,
  type DeploymentName,
} from '../../../testing/start-deployment.ts'
import { connect, type Registry } from './client.ts'

const deployments = deploymentsToTest(['memory', 'filesystem'])

/** One of each kind, shared by all files of a run. */
const servers = new Map<DeploymentName, Promise<Deployment>>()

export function describeConformance(title: string, define: (registry: Registry) => void): void {
  const given = process.env['LADING_CONFORMANCE_URL']
  if (given !== undefined && given !== '') {
    describe(title, () => define(connect(() => new URL(given))))
    return
  }

  for (const name of deployments) {
    describe(`${title} (${name})`, () => {
      let url: URL | undefined
      before(async function () {
        this.timeout(30_000)
        url = new URL((await started(name)).url)
      })
      define(connect(() => {
        if (url === undefined) throw new Error(`the deployment ${name} is not running`)
        return url
      }))
    })
  }
}

function started(name: DeploymentName): Promise<Deployment> {
  const running = servers.get(name) ?? startDeployment(name)
  servers.set(name, running)
  return running
}

// Outside of any describe: a hook of the whole run.
after(async () => {
  await Promise.allSettled([...servers.values()].map(async (server) => (await server).stop()))
})
