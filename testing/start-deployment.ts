// The ways in which operators run the registry, each behind one address, for suites that must hold on all of them.
import { startReplicas } from './start-replicas.ts'
import { startServer } from './start-server.ts'
import { startVersitygw } from './start-versitygw.ts'

export interface Deployment {
  url: string
  stop(): Promise<void>
}

const deployments = {
  memory: () => startServer({ storage: 'memory' }),
  filesystem: () => startServer({ storage: 'filesystem' }),
  /** One machine over S3, with all its workers. */
  s3: startOnS3,
  /** Three replicas over S3, and nothing else that they share. */
  replicas: () => startReplicas(3),
  /** The same with a Redis. */
  'replicas-redis': () => startReplicas(3, { withRedis: true }),
} satisfies Record<string, () => Promise<Deployment>>

/** Clients talk to it themselves, with nothing in between. */
async function startOnS3(): Promise<Deployment> {
  const store = await startVersitygw()
  const bucket = 'registry'
  store.createBucket(bucket)
  const environment = { REGISTRY_STORAGE_REDIRECT_DISABLE: 'true' }
  const server = await startServer({ storage: { ...store, bucket }, workers: 0, environment })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await store.close()
    },
  }
}

export type DeploymentName = keyof typeof deployments

export function startDeployment(name: DeploymentName): Promise<Deployment> {
  return deployments[name]()
}

/** Those that LADING_DEPLOYMENTS names, separated by commas; `usual` without it. */
export function deploymentsToTest(usual: readonly DeploymentName[]): readonly DeploymentName[] {
  const named = process.env['LADING_DEPLOYMENTS']
  if (named === undefined || named === '') return usual
  return named.split(',').map((name) => {
    if (!(name in deployments)) {
      throw new Error(`LADING_DEPLOYMENTS: ${name} is none of ${Object.keys(deployments).join(', ')}`)
    }
    return name as DeploymentName
  })
}
