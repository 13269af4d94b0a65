// Several registries on one bucket behind a load balancer that sends every request to the next of them.
import { startRedis, type TestRedis } from './start-redis.ts'
import { startNginx } from './start-nginx.ts'
import { startServer, type StartOptions, type TestServer } from './start-server.ts'
import { startVersitygw, type Versitygw } from './start-versitygw.ts'

export interface Replicas {
  /** Of the load balancer. */
  url: string
  servers: readonly TestServer[]
  s3: Versitygw
  redis: TestRedis | undefined
  bucket: string
  /** Kills a replica at once; resolves when another one listens at its place. */
  replace(index: number): Promise<void>
  stop(): Promise<void>
}

const bucket = 'registry'

export async function startReplicas(
  count: number,
  {
    environment = {},
    workers = 1,
    withRedis = false,
  }: Pick<StartOptions, 'environment' | 'workers'> & { withRedis?: boolean } = {},
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
  const balancer = await startNginx(servers.map(({ port }) => `127.0.0.1:${port}`))
  return {
    url: balancer.url,
    servers,
    s3,
    redis,
    bucket,
    async replace(index) {
      const { port } = servers[index] as TestServer
      await (servers[index] as TestServer).kill()
      servers[index] = await startServer({ ...options, port })
    },
    async stop() {
      await balancer.stop()
      await Promise.all(servers.map((server) => server.stop()))
      await s3.close()
      await redis?.stop()
    },
  }
}
