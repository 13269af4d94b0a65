/** The container image, built by docker and used as its readers will: in place of registry:2 and registry:3. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../testing/start-server.ts'
import { startDockerDaemon, type DockerDaemon } from './support/docker-daemon.ts'
import { digestOfTag, headManifest } from './support/http.ts'
import { importNodeImage } from './support/local-node-image.ts'
import { useSuiteFolder } from './support/suite-folder.ts'
import { tarOf } from './support/tar.ts'

const checkout = path.join(import.meta.dirname, '../..')
const image = 'lading:under-test'
const baseImage = 'node:26-bookworm-slim'

describe('the image', function () {
  const suite = useSuiteFolder(this, 'image', { tools: ['docker', 'dockerd', 'containerd', 'npm'], root: true })
  let daemon: DockerDaemon | undefined

  before(async function () {
    this.timeout(900_000)
    daemon = await startDockerDaemon(suite())
    await importNodeImage(daemon, suite().folder, baseImage)
    const options = { timeoutSeconds: 800 }
    await daemon.docker(['build', '--network', 'host', '--tag', image, checkout], options)
  })

  async function docker(...args: readonly string[]): Promise<string> {
    if (!daemon) throw new Error('dockerd is started by a before() hook')
    return (await daemon.docker(args)).trim()
  }

  /** Runs what it was asked to, then removes the container with its anonymous volumes. */
  async function withContainer(args: readonly string[], work: (container: string) => Promise<void>): Promise<void> {
    const container = await docker('run', '--detach', '--health-interval', '1s', ...args)
    try {
      await work(container)
    } catch (error) {
      throw new Error(`the container said:\n${await docker('logs', container)}`, { cause: error })
    } finally {
      await docker('rm', '--force', '--volumes', container)
    }
  }

  async function untilHealthy(container: string): Promise<void> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200)) {
      const state = await docker('inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}', container)
      if (state === 'running healthy') return
      assert.match(state, /^running/)
    }
    throw new Error(await docker('inspect', '--format', '{{json .State.Health}}', container))
  }

  /** A configuration as registry:2 has it, which makes itself known by a header. */
  async function writeConfiguration(port: number): Promise<string> {
    const file = suite().folder.in(`config-${port}`, 'config.yml')
    await mkdir(path.dirname(file))
    const configuration = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: '/var/lib/registry' } },
      http: { addr: `127.0.0.1:${port}`, headers: { 'X-Configured': ['by the mounted file'] } },
    }
    await writeFile(file, JSON.stringify(configuration))
    return file
  }

  it('runs as a user that is not root, with its port, volume, health check and labels declared', async () => {
    const user = await docker('run', '--rm', '--network', 'none', image, 'id', '-u')
    const { Config } = JSON.parse(await docker('image', 'inspect', '--format', '{{json .}}', image)) as {
      Config: {
        ExposedPorts: object
        Volumes: object
        Healthcheck: object | undefined
        Labels: Record<string, string>
        User: string
      }
    }

    assert.equal(user, '1000')
    assert.equal(Config.User, '1000:1000')
    assert.deepEqual(Object.keys(Config.ExposedPorts), ['5000/tcp'])
    assert.deepEqual(Object.keys(Config.Volumes), ['/var/lib/registry'])
    assert.ok(Config.Healthcheck)
    assert.equal(Config.Labels['org.opencontainers.image.title'], 'Lading')
  })

  it('serves on port 5000 with nothing configured, and becomes healthy', async () => {
    await withContainer(['--network', 'none', image], async (container) => {
      await untilHealthy(container)
      const ask = "const answer = await fetch('http://127.0.0.1:5000/v2/'); console.log(answer.status)"
      assert.equal(await docker('exec', container, 'node', '--input-type=module', '--eval', ask), '200')
    })
  })

  it('becomes unhealthy when the registry does not answer', async () => {
    const flags = ['--network', 'none', '--health-start-period', '1s', '--health-retries', '1']
    await withContainer([...flags, image, 'sleep', '60'], async (container) => {
      const health = async () => docker('inspect', '--format', '{{.State.Health.Status}}', container)
      for (const deadline = Date.now() + 30_000; (await health()) !== 'unhealthy'; await sleep(200)) {
        assert.ok(Date.now() < deadline, await health())
      }
    })
  })

  it('takes a push, keeps it in its volume, and serves it from the next container', async () => {
    const port = await freePort()
    const repository = { url: `http://127.0.0.1:${port}`, name: 'hello/world' }
    const reference = `127.0.0.1:${port}/hello/world:v1`
    const network = ['--network', 'host', '--env', `REGISTRY_HTTP_ADDR=127.0.0.1:${port}`]
    const run = [...network, '--volume', 'kept:/var/lib/registry', image]
    await writeFile(suite().folder.in('hello.tar'), tarOf({ hello: 'world' }))
    await docker('import', suite().folder.in('hello.tar'), reference)
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', reference)

    await withContainer(run, async (container) => {
      await untilHealthy(container)
      await docker('push', reference)
    })
    await docker('image', 'rm', reference)

    await withContainer(run, async (container) => {
      await untilHealthy(container)
      await docker('pull', reference)
      assert.equal(await docker('image', 'inspect', '--format', '{{.Id}}', reference), id)
      assert.match(await digestOfTag(repository, 'v1'), /^sha256:/)
    })
  })

  const registry2 = '/etc/docker/registry/config.yml'
  const registry3 = '/etc/distribution/config.yml'
  const usages: Readonly<Record<string, { at: string; command: readonly string[] }>> = {
    "at registry:2's path": { at: registry2, command: [] },
    "at registry:3's path": { at: registry3, command: [] },
    'and served by its path': { at: registry2, command: ['serve', registry2] },
    'and named as the whole command': { at: '/config/own.yml', command: ['/config/own.yml'] },
    'and served by /bin/registry': { at: registry2, command: ['/bin/registry', 'serve', registry2] },
    'and served by registry': { at: '/config/own.yml', command: ['registry', 'serve', '/config/own.yml'] },
    'and served by a shell': { at: registry2, command: ['sh', '-c', `exec registry serve ${registry2}`] },
  }
  for (const [how, { at, command }] of Object.entries(usages)) {
    it(`serves with a configuration mounted ${how}`, async () => {
      const port = await freePort()
      const file = await writeConfiguration(port)
      await withContainer(
        ['--network', 'host', '--volume', `${file}:${at}:ro`, image, ...command],
        async (container) => {
          await untilHealthy(container)
          const answer = await fetch(`http://127.0.0.1:${port}/v2/`)
          assert.equal(answer.headers.get('x-configured'), 'by the mounted file')
        },
      )
    })
  }

  it("serves with a folder mounted over registry:2's, as Kubernetes mounts a ConfigMap", async () => {
    const port = await freePort()
    const folder = path.dirname(await writeConfiguration(port))
    await withContainer(
      ['--network', 'host', '--volume', `${folder}:/etc/docker/registry:ro`, image],
      async (container) => {
        await untilHealthy(container)
        const answer = await fetch(`http://127.0.0.1:${port}/v2/`)
        assert.equal(answer.headers.get('x-configured'), 'by the mounted file')
      },
    )
  })

  it('takes single values from REGISTRY_* variables, over the mounted file', async () => {
    const [port, other] = [await freePort(), await freePort()]
    const file = await writeConfiguration(port)
    const environment = { HTTP_ADDR: `127.0.0.1:${other}`, STORAGE_FILESYSTEM_ROOTDIRECTORY: '/tmp/elsewhere' }
    const flags = Object.entries(environment).flatMap(([key, value]) => ['--env', `REGISTRY_${key}=${value}`])
    const run = ['--network', 'host', ...flags, '--volume', `${file}:${registry2}:ro`, image]

    await withContainer(run, async (container) => {
      await untilHealthy(container)
      assert.equal((await fetch(`http://127.0.0.1:${other}/v2/`)).status, 200)
      await assert.rejects(fetch(`http://127.0.0.1:${port}/v2/`))
    })
  })

  it('serves a volume that registry:2 wrote as root, when told to stay root', async () => {
    const port = await freePort()
    const network = ['--network', 'host', '--env', `REGISTRY_HTTP_ADDR=127.0.0.1:${port}`]
    const rootsFolder = suite().folder.in('written-by-root')
    await mkdir(rootsFolder, { mode: 0o755 })
    const reference = `127.0.0.1:${port}/as/root:v1`
    await writeFile(suite().folder.in('root.tar'), tarOf({ hello: 'root' }))
    await docker('import', suite().folder.in('root.tar'), reference)

    const run = [...network, '--user', '0:0', '--volume', `${rootsFolder}:/var/lib/registry`, image]
    await withContainer(run, async (container) => {
      await untilHealthy(container)
      await docker('push', reference)
      assert.equal((await headManifest({ url: `http://127.0.0.1:${port}`, name: 'as/root' }, 'v1')).status, 200)
    })
  })

  it('stops promptly and in order when docker stops it', async () => {
    await withContainer(['--network', 'none', image], async (container) => {
      await untilHealthy(container)
      const start = performance.now()
      await docker('stop', '--time', '20', container)

      assert.ok(performance.now() - start < 5000, `${Math.round(performance.now() - start)} ms`)
      assert.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', container), '0')
    })
  })
})
