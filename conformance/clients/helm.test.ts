/** Helm 3: charts as OCI artifacts, and their versions as tags. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { digestOf } from '../../testing/digest-of.ts'
import { run } from './support/command.ts'
import { getManifest, measureBlob, tagsOf } from './support/http.ts'
import { parseManifest } from './support/oci-layout.ts'
import { useWorkbench } from './support/workbench.ts'

describe('helm', function () {
  const bench = useWorkbench(this, 'helm', { tools: ['helm'] })

  /** The archive of a chart with one template, made by helm itself. */
  async function packageChart(name: string, version: string): Promise<string> {
    const { folder } = bench()
    const chart = folder.in('charts', `${name}-${version}`, name)
    await mkdir(`${chart}/templates`, { recursive: true })
    await writeFile(`${chart}/Chart.yaml`, `apiVersion: v2\nname: ${name}\nversion: ${version}\n`)
    await writeFile(`${chart}/templates/map.yaml`, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: proof}\n')
    await helm('package', chart, '--destination', folder.in('packages'))
    return folder.in('packages', `${name}-${version}.tgz`)
  }

  it('pushes a chart and pulls the same archive', async () => {
    const { folder, repository } = bench()
    const target = repository('charts')
    const archive = await packageChart('proof', '1.2.3')

    await helm('push', '--plain-http', archive, `oci://${target.reference}`)
    await mkdir(folder.in('pulled'))
    const pull = ['pull', '--plain-http', `oci://${target.reference}/proof`, '--version', '1.2.3']
    await helm(...pull, '--destination', folder.in('pulled'))

    const bytes = await readFile(archive)
    assert.ok(bytes.equals(await readFile(folder.in('pulled', 'proof-1.2.3.tgz'))))
    const chart = { url: target.url, name: `${target.name}/proof` }
    const manifest = parseManifest(await getManifest(chart, '1.2.3'))
    assert.equal(manifest.config?.mediaType, 'application/vnd.cncf.helm.config.v1+json')
    assert.equal(manifest.layers?.[0]?.digest, digestOf(bytes))
    assert.equal((await measureBlob(chart, digestOf(bytes))).size, bytes.length)
  })

  it('keeps a version with a + as a tag with a _, and pulls it by its version', async () => {
    const { folder, repository } = bench()
    const target = repository('plus')
    const archive = await packageChart('plus', '2.0.0-rc.1+build.5')

    await helm('push', '--plain-http', archive, `oci://${target.reference}`)
    const pull = ['pull', '--plain-http', `oci://${target.reference}/plus`, '--version', '2.0.0-rc.1+build.5']
    await helm(...pull, '--destination', folder.path)

    assert.ok((await readFile(archive)).equals(await readFile(folder.in('plus-2.0.0-rc.1+build.5.tgz'))))
    assert.deepEqual(await tagsOf({ url: target.url, name: `${target.name}/plus` }), ['2.0.0-rc.1_build.5'])
  })

  it('finds the newest version in a range among the tags', async () => {
    const { repository } = bench()
    const target = repository('versions')
    for (const version of ['1.0.0', '1.9.0', '1.10.0', '2.0.0', '1.11.0-beta.1']) {
      await helm('push', '--plain-http', await packageChart('ranged', version), `oci://${target.reference}`)
    }

    const chart = `oci://${target.reference}/ranged`
    const inRange = await helm('show', 'chart', '--plain-http', chart, '--version', '^1.0.0')
    const newest = await helm('show', 'chart', '--plain-http', chart)
    const rendered = await helm('template', 'release', '--plain-http', chart, '--version', '1.9.0')

    assert.match(inRange, /^version: 1\.10\.0$/m)
    assert.match(newest, /^version: 2\.0\.0$/m)
    assert.match(rendered, /kind: ConfigMap/)
  })

  /** With homes of its own: nothing of the user's helm is read or changed. */
  async function helm(...args: readonly string[]): Promise<string> {
    const homes = ['HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME']
    const env = Object.fromEntries(homes.map((name) => [name, bench().folder.in('helm', name)]))
    return run('helm', args, { env })
  }
})
