/** podman: builds, pushes, forgets and pulls again, in both manifest formats and with zstd layers. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { run } from './support/command.ts'
import { generatedBytes } from './support/generated-bytes.ts'
import { digestOfTag, getManifest, measureBlob, pushTree } from './support/http.ts'
import { sampleImages } from './support/images.ts'
import { children, mediaTypes, parseManifest } from './support/oci-layout.ts'
import { useWorkbench } from './support/workbench.ts'

describe('podman', function () {
  const bench = useWorkbench(this, 'podman', { tools: ['podman'], root: true })

  async function build(name: string): Promise<void> {
    const folder = bench().folder.in(`build-${name}`)
    await mkdir(folder)
    await writeFile(`${folder}/one`, generatedBytes(`podman ${name}`, 300_000))
    await writeFile(`${folder}/two`, name)
    await writeFile(`${folder}/Dockerfile`, 'FROM scratch\nCOPY one /\nCOPY two /\nLABEL purpose=proof\nCMD ["/one"]\n')
    await podman('build', '--isolation', 'chroot', '--layers', '--tag', name, folder)
  }

  const forms = [
    { format: 'oci', compression: 'gzip', layer: mediaTypes.layerGzip },
    { format: 'oci', compression: 'zstd', layer: mediaTypes.layerZstd },
    { format: 'v2s2', compression: 'gzip', layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
  ]
  for (const { format, compression, layer } of forms) {
    it(`pushes as ${format} with ${compression} layers and pulls the same image back`, async () => {
      const built = `${format}-${compression}`
      await build(built)
      const target = bench().repository(built)
      const image = `${target.reference}:v1`

      const form = ['--format', format, '--compression-format', compression]
      await podman('push', '--tls-verify=false', ...form, built, image)
      await podman('image', 'rm', built)
      const pulledId = (await podman('pull', '--quiet', '--tls-verify=false', image)).trim()

      const manifest = parseManifest(await getManifest(target, 'v1'))
      assert.deepEqual(
        manifest.layers?.map(({ mediaType }) => mediaType),
        [layer, layer],
      )
      for (const { digest, size } of children(manifest)) {
        assert.deepEqual(await measureBlob(target, digest), { digest, size })
      }
      assert.equal(`sha256:${pulledId}`, manifest.config?.digest)
    })
  }

  it('pushes a manifest list of two platforms with all its images', async () => {
    const target = bench().repository('list')
    await podman('manifest', 'create', 'both')
    for (const architecture of ['amd64', 'arm64']) {
      const folder = bench().folder.in(architecture)
      await mkdir(folder)
      await writeFile(`${folder}/Dockerfile`, `FROM scratch\nLABEL for=${architecture}\nCOPY Dockerfile /\n`)
      await podman(
        'build',
        '--isolation',
        'chroot',
        '--platform',
        `linux/${architecture}`,
        '--tag',
        architecture,
        folder,
      )
      await podman('manifest', 'add', 'both', `containers-storage:localhost/${architecture}:latest`)
    }

    await podman('manifest', 'push', '--all', '--tls-verify=false', 'both', `docker://${target.reference}:v1`)

    const { manifests = [] } = parseManifest(await getManifest(target, 'v1'))
    assert.deepEqual(new Set(manifests.map((entry) => entry.platform?.architecture)), new Set(['amd64', 'arm64']))
    for (const { digest } of manifests) assert.ok(await getManifest(target, digest))
  })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    it(`pulls ${what} by tag and by digest`, async () => {
      const { layout, repository } = bench()
      const target = repository('pull')
      const root = await addSample(layout, `podman ${what}`)
      await pushTree(target, layout, { root, tag: 'v1' })

      const byTag = await podman('pull', '--quiet', '--tls-verify=false', `${target.reference}:v1`)
      const byDigest = await podman('pull', '--quiet', '--tls-verify=false', `${target.reference}@${root.digest}`)

      assert.equal(byTag, byDigest)
      assert.equal(await digestOfTag(target, 'v1'), root.digest)
    })
  }

  /** With storage of its own; overlay where the kernel has it would need a mount program in some sandboxes, vfs never does. */
  async function podman(...args: readonly string[]): Promise<string> {
    const { folder } = bench()
    const storage = ['--root', folder.in('storage'), '--runroot', folder.in('run'), '--storage-driver', 'vfs']
    return run('podman', [...storage, '--events-backend', 'none', '--cgroup-manager', 'cgroupfs', ...args], {
      timeoutSeconds: 170,
      env: { CONTAINERS_REGISTRIES_CONF: '/dev/null' },
    })
  }
})
