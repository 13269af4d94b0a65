/** buildah: images assembled step by step and by Dockerfile, pushed and pulled back. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { run } from './support/command.ts'
import { generatedBytes } from './support/generated-bytes.ts'
import { getManifest, measureBlob } from './support/http.ts'
import { children, OciLayout, parseManifest } from './support/oci-layout.ts'
import { assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

describe('buildah', function () {
  const bench = useWorkbench(this, 'buildah', { tools: ['buildah'], root: true })

  it('commits a working container, pushes it and pulls the same image and files back', async () => {
    const { folder, repository } = bench()
    const target = repository('commit')
    const content = generatedBytes('buildah', 500_000)
    await writeFile(folder.in('content'), content)
    const container = (await buildah('from', 'scratch')).trim()
    await buildah('copy', container, folder.in('content'), '/content')
    await buildah('config', '--label', 'purpose=proof', '--cmd', '/content', container)
    const id = (await buildah('commit', '--quiet', container, 'committed')).trim()

    await buildah('push', '--tls-verify=false', 'committed', `docker://${target.reference}:v1`)
    await buildah('rm', '--all')
    await buildah('rmi', '--all')
    const pulledId = (await buildah('pull', '--quiet', '--tls-verify=false', `docker://${target.reference}:v1`)).trim()

    assert.equal(pulledId, id)
    const again = (await buildah('from', '--pull-never', pulledId)).trim()
    const mounted = (await buildah('mount', again)).trim()
    assert.ok(content.equals(await readFile(`${mounted}/content`)))
    await buildah('rm', '--all')
  })

  it('builds a Dockerfile, pushes it to a layout and to the registry: the same bytes', async () => {
    const { folder, repository } = bench()
    const target = repository('bud')
    await mkdir(folder.in('build'))
    await writeFile(folder.in('build', 'data'), generatedBytes('buildah bud', 100_000))
    await writeFile(folder.in('build', 'Dockerfile'), 'FROM scratch\nCOPY data /\nENTRYPOINT ["/data"]\n')
    await buildah('bud', '--isolation', 'chroot', '--tag', 'bud', folder.in('build'))

    await buildah('push', 'bud', `oci:${folder.in('layout')}:v1`)
    await buildah('push', '--tls-verify=false', 'bud', `docker://${target.reference}:v1`)

    const layout = OciLayout.open(folder.in('layout'))
    const [root] = await layout.entries()
    assert.ok(root)
    await assertServes(target, layout, { root, reference: 'v1' })
  })

  it('pushes with zstd compression', async () => {
    const { folder, repository } = bench()
    const target = repository('zstd')
    await writeFile(folder.in('text'), 'text '.repeat(100_000))
    const container = (await buildah('from', 'scratch')).trim()
    await buildah('copy', container, folder.in('text'), '/text')
    await buildah('commit', '--quiet', container, 'zstd')

    await buildah(
      'push',
      '--tls-verify=false',
      '--compression-format',
      'zstd',
      'zstd',
      `docker://${target.reference}:v1`,
    )

    const manifest = parseManifest(await getManifest(target, 'v1'))
    assert.ok(manifest.layers?.every((layer) => layer.mediaType.endsWith('+zstd')))
    for (const { digest, size } of children(manifest)) {
      assert.deepEqual(await measureBlob(target, digest), { digest, size })
    }
    await buildah('pull', '--quiet', '--tls-verify=false', `docker://${target.reference}:v1`)
  })

  async function buildah(...args: readonly string[]): Promise<string> {
    const { folder } = bench()
    const storage = ['--root', folder.in('storage'), '--runroot', folder.in('run'), '--storage-driver', 'vfs']
    return run('buildah', [...storage, ...args], { env: { CONTAINERS_REGISTRIES_CONF: '/dev/null' } })
  }
})
