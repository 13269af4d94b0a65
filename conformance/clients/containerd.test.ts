/** containerd, as Kubernetes runs it: its own client pushes, fetches and unpacks. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { run, tryRun } from './support/command.ts'
import { startDaemon } from './support/daemon.ts'
import { pushTree } from './support/http.ts'
import { sampleImages } from './support/images.ts'
import { OciLayout } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

describe("containerd's ctr", function () {
  const bench = useWorkbench(this, 'containerd', { tools: ['containerd', 'ctr'], root: true })

  before(async () => {
    const { folder, atEnd } = bench()
    await writeFile(folder.in('config.toml'), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    await startDaemon({
      program: 'containerd',
      args: [
        `--config=${folder.in('config.toml')}`,
        `--address=${folder.in('containerd.sock')}`,
        `--root=${folder.in('root')}`,
        `--state=${folder.in('state')}`,
      ],
      atEnd,
      isReady: async () => (await tryRun('ctr', ['--address', folder.in('containerd.sock'), 'version'])).exitCode === 0,
    })
  })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`pushes ${what} and fetches it back, byte for byte`, async () => {
      const { folder, repository } = bench()
      const target = repository('push')
      const tag = target.name.slice(-8)
      const layout = await OciLayout.create(folder.in(`${tag}-source`))
      const root = await addSample(layout, `containerd ${what}`)
      await layout.tag(`${target.reference}:v1`, root)
      const archive = folder.in(`${tag}.tar`)
      await run('tar', ['-C', layout.folder, '-cf', archive, '.'])
      await ctr('images', 'import', '--no-unpack', '--all-platforms', archive)

      await ctr('images', 'push', '--plain-http', `${target.reference}:v1`)
      await assertServes(target, layout, { root, reference: 'v1' })

      await forgetEverything()
      await ctr('content', 'fetch', '--plain-http', '--all-platforms', `${target.reference}:v1`)
      await ctr('images', 'export', '--all-platforms', `${archive}.back`, `${target.reference}:v1`)
      await mkdir(folder.in(`${tag}-back`))
      await run('tar', ['-C', folder.in(`${tag}-back`), '-xf', `${archive}.back`])
      await assertHolds(OciLayout.open(folder.in(`${tag}-back`)), layout, root)
    })

    it(`pulls and unpacks ${what}, by tag and by digest`, async () => {
      const { layout, repository } = bench()
      const target = repository('pull')
      const root = await addSample(layout, `containerd pull ${what}`)
      await pushTree(target, layout, { root, tag: 'v1' })

      for (const reference of [`${target.reference}:v1`, `${target.reference}@${root.digest}`]) {
        await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', reference)
        const listed = await ctr('images', 'ls', `name==${reference}`)
        assert.ok(listed.includes(root.digest), listed)
        await forgetEverything()
      }
    })
  }

  it('pulls through a mirror configuration, which names the registry that it mirrors', async () => {
    const { layout, folder, registry, repository } = bench()
    const target = repository('mirrored')
    const root = await sampleImages['a multi-platform index']?.(layout, 'containerd mirror')
    assert.ok(root)
    await pushTree(target, layout, { root, tag: 'v1' })
    await mkdir(folder.in('hosts', 'mirrored.example'), { recursive: true })
    await writeFile(
      folder.in('hosts', 'mirrored.example', 'hosts.toml'),
      `server = "${registry.url}"\n[host."${registry.url}"]\n  capabilities = ["pull", "resolve"]\n`,
    )

    await ctr('content', 'fetch', '--hosts-dir', folder.in('hosts'), `mirrored.example/${target.name}:v1`)

    assert.ok((await ctr('images', 'ls')).includes(root.digest))
  })

  /** Blobs too, so that the next fetch asks the registry for everything. */
  async function forgetEverything(): Promise<void> {
    const names = (await ctr('images', 'ls', '--quiet')).trim().split('\n').filter(Boolean)
    if (names.length > 0) await ctr('images', 'rm', '--sync', ...names)
    const digests = (await ctr('content', 'ls', '--quiet')).trim().split('\n').filter(Boolean)
    if (digests.length > 0) await ctr('content', 'rm', ...digests)
  }

  async function ctr(...args: readonly string[]): Promise<string> {
    return run('ctr', ['--address', bench().folder.in('containerd.sock'), ...args])
  }
})
