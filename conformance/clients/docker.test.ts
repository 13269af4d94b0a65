/** docker: a real daemon pushes, forgets and pulls again. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dockerArchive } from './support/docker-archive.ts'
import { startDockerDaemon, type DockerDaemon } from './support/docker-daemon.ts'
import { generatedBytes } from './support/generated-bytes.ts'
import { digestOfTag, getManifest, measureBlob, pushTree, tagsOf, type Repository } from './support/http.ts'
import { addBigImage, sampleImages } from './support/images.ts'
import { children, mediaTypes, parseManifest } from './support/oci-layout.ts'
import { tarOf } from './support/tar.ts'
import { useWorkbench } from './support/workbench.ts'

describe('docker', function () {
  const bench = useWorkbench(this, 'docker', { tools: ['docker', 'dockerd', 'containerd'], root: true })
  let daemon: DockerDaemon | undefined

  before(async () => {
    daemon = await startDockerDaemon(bench())
  })

  async function docker(...args: readonly string[]): Promise<string> {
    if (!daemon) throw new Error('dockerd is started by a before() hook')
    return (await daemon.docker(args)).trim()
  }

  /** An image of some layers, built by docker from nothing. */
  async function build(name: string, layerCount: number): Promise<void> {
    const folder = bench().folder.in(`build-${layerCount}`)
    await mkdir(folder)
    const lines = Array.from({ length: layerCount }, (_, at) => `COPY file-${at} /`)
    for (let at = 0; at < layerCount; at++) {
      await writeFile(`${folder}/file-${at}`, generatedBytes(`docker ${at}`, 1000 + at * 100))
    }
    await writeFile(`${folder}/Dockerfile`, ['FROM scratch', ...lines, 'CMD ["/file-0"]'].join('\n'))
    await docker('build', '--tag', name, folder)
  }

  /** Pushes, checks what the registry got, forgets the image, pulls it, and compares what docker has then. */
  async function pushAndPullBack(repository: Repository, image: string): Promise<void> {
    const before = await describeImage(image)
    await docker('push', image)
    await docker('image', 'rm', image)
    await assertWholeAndServed(repository, before.id)

    await docker('pull', image)

    assert.deepEqual(await describeImage(image), before)
  }

  /** Its id is the digest of its configuration, which has the digests of the layers' content. */
  async function describeImage(image: string): Promise<{ id: string; layers: string }> {
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', image)
    return { id, layers: await docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image) }
  }

  async function assertWholeAndServed(repository: Repository, imageId: string): Promise<void> {
    const manifest = parseManifest(await getManifest(repository, 'v1'))
    assert.equal(manifest.mediaType, mediaTypes.dockerManifest)
    assert.equal(manifest.config?.digest, imageId)
    for (const { digest, size } of children(manifest)) {
      assert.deepEqual(await measureBlob(repository, digest), { digest, size })
    }
  }

  it('pushes an imported file system and pulls it back', async () => {
    const { folder, repository } = bench()
    const target = repository('import')
    await writeFile(folder.in('root.tar'), tarOf({ hello: 'world', big: generatedBytes('docker import', 20_000_000) }))
    await docker('import', folder.in('root.tar'), `${target.reference}:v1`)

    await pushAndPullBack(target, `${target.reference}:v1`)

    const container = await docker('create', `${target.reference}:v1`, '/hello')
    await docker('cp', `${container}:/hello`, folder.in('hello'))
    await docker('rm', container)
    assert.equal(await readFile(folder.in('hello'), 'utf8'), 'world')
  })

  it('pushes an image that it built and pulls it back', async () => {
    const target = bench().repository('built')
    await build(`${target.reference}:v1`, 3)

    await pushAndPullBack(target, `${target.reference}:v1`)
  })

  it('pushes an image of 100 layers and pulls it back', async () => {
    const { folder, repository } = bench()
    const target = repository('many')
    const layers = Array.from({ length: 100 }, (_, at) =>
      tarOf({ [`layer-${at}`]: generatedBytes(`docker ${at}`, 2000) }),
    )
    await writeFile(folder.in('many.tar'), dockerArchive(`${target.reference}:v1`, layers))
    await docker('load', '--input', folder.in('many.tar'))

    await pushAndPullBack(target, `${target.reference}:v1`)
  })

  it('pushes an image with an empty layer and pulls it back', async () => {
    const { folder, repository } = bench()
    const target = repository('empty-layer')
    await mkdir(folder.in('empty-layer'))
    await writeFile(folder.in('empty-layer', 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\nWORKDIR /\nLABEL a=b\n')
    await docker('build', '--tag', `${target.reference}:v1`, folder.in('empty-layer'))

    await pushAndPullBack(target, `${target.reference}:v1`)
  })

  it('mounts the layers of an image that it pushes into another repository', async () => {
    const [source, target] = [bench().repository('mount-from'), bench().repository('mount-to')]
    await build(`${source.reference}:v1`, 2)
    await docker('push', `${source.reference}:v1`)
    await docker('tag', `${source.reference}:v1`, `${target.reference}:v1`)

    const said = await docker('push', `${target.reference}:v1`)

    assert.match(said, /Mounted from clients\/mount-from/)
    assert.equal(await digestOfTag(target, 'v1'), await digestOfTag(source, 'v1'))
  })

  it('pushes all tags of a repository and pulls them all', async () => {
    const target = bench().repository('all-tags')
    await build(`${target.reference}:1.0`, 4)
    for (const tag of ['1.0-alpha', '1.0.1'])
      await docker('tag', `${target.reference}:1.0`, `${target.reference}:${tag}`)

    await docker('push', '--all-tags', target.reference)
    const said = await docker('pull', '--all-tags', target.reference)

    assert.deepEqual(await tagsOf(target), ['1.0', '1.0-alpha', '1.0.1'])
    assert.match(said, new RegExp(`Digest: ${await digestOfTag(target, '1.0')}`))
  })

  it('pulls a layer of 1 GiB', async () => {
    const { layout, repository } = bench()
    const target = repository('big')
    const root = await addBigImage(layout, 'docker big', 1024 ** 3)
    await pushTree(target, layout, { root, tag: 'v1' })

    await docker('pull', `${target.reference}:v1`)

    const { layers = [] } = await layout.manifest(root.digest)
    const { layers: pulled } = await describeImage(`${target.reference}:v1`)
    assert.equal(pulled, JSON.stringify(layers.map(({ digest }) => digest)))
  })

  for (const [what, addSample] of Object.entries(sampleImages)) {
    if (what.includes('zstd')) continue // docker 20.10 knows no zstd

    it(`pulls ${what} by tag and by digest`, async () => {
      const { layout, repository } = bench()
      const target = repository('pull')
      const root = await addSample(layout, `docker ${what}`)
      await pushTree(target, layout, { root, tag: 'v1' })

      await docker('pull', `${target.reference}:v1`)
      await docker('pull', `${target.reference}@${root.digest}`)

      const digests = await docker(
        'image',
        'inspect',
        '--format',
        '{{join .RepoDigests " "}}',
        `${target.reference}:v1`,
      )
      assert.equal(digests, `${target.reference}@${root.digest}`)
    })
  }
})
