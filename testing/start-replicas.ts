// Several registries on one bucket behind a load balancer that sends every request to the next of them.
import { startRedis, type TestRedis } from './start-redis.ts'
import { startNginx, type BalancerOptions, type LoadBalancer } from './start-nginx.ts'
import { startServer, type StartOptions, type TestServer } from './start-server.ts'
import { startVersitygw, type Versitygw } from './start-versitygw.ts'

export interface Replicas {
  /** Of the load balancer. */
  url: string
  balancer: LoadBalancer
  servers: readonly TestServer[]
  s3: Versitygw
  redis: TestRedis | undefined
  bucket: string
  /** Kills a replica at once; resolves when another one listens at its place. */
  replace(index: number): Promise<void>
  /** The same with SIGTERM: waits for its end first, as long as it takes. */
  restart(index: number): Promise<void>
  stop(): Promise<void>
}

const bucket = 'registry'

export async function startReplicas(
  count: number,
  {
    environment = {},
    workers = 1,
    withRedis = false,
    followsReadiness = false,
  }: Pick<StartOptions, 'environment' | 'workers'> & BalancerOptions & { withRedis?: boolean } = {},
): Promise<Replicas> {
  const s3 = await startVersitygw()
  s3.createBucket(bucket)
  const redis = withRedis ? await startRedis() : undefined
  const options: StartOptions = {
    storage: { ...s3, bucket },
    workers,
    environment: {
      REGISTRY_HTTP_SECRET: 'shared by all replicas',
      // Clients here cannot all follow to the store's own address.
      REGISTRY_STORAGE_REDIRECT_DISABLE: 'true',
      ...(redis === undefined
        ? {}
        : { REGISTRY_REDIS_ADDRS: `['127.0.0.1:${redis.port}']`, REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: 'redis' }),
      ...environment,
    },
  }
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(options)))
  const targets = servers.map(({ port }) => `127.0.0.1:${port}`)
  const balancer = await startNginx(targets, { followsReadiness })

  async function startAgain(index: number, end: (server: TestServer) => Promise<void>): Promise<void> {
    const server = servers[index] as TestServer
    await end(server)
    servers[index] = await startServer({ ...options, port: server.port })
  }

  return {
    url: balancer.url,
    balancer,
    servers,
    s3,
    redis,
    bucket,
    replace: (index) => startAgain(index, (server) => server.kill()),
    restart: (index) => startAgain(index, (server) => server.stop()),
    async stop() {
      await balancer.stop()
      await Promise.all(servers.map((server) => server.stop()))
      await s3.close()
      await redis?.stop()
    },
  }
}
