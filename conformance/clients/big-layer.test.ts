/** A layer of 1 GiB, pushed and pulled back by every client that copies content as it is. */
import { rm } from 'node:fs/promises'
import { run } from './support/command.ts'
import { deleteContent } from './support/http.ts'
import { addBigImage } from './support/images.ts'
import { OciLayout, type Descriptor } from './support/oci-layout.ts'
import { assertHolds, assertServes } from './support/same-content.ts'
import { useWorkbench } from './support/workbench.ts'

const BIG_BYTES = 1024 ** 3

interface Copier {
  /** From the tag v1 of an OCI layout to a reference of the registry. */
  push(layout: string, reference: string): Promise<unknown>
  /** From the registry to a new OCI layout. */
  pull(reference: string, layout: string): Promise<unknown>
}

const clients: Readonly<Record<string, Copier>> = {
  crane: {
    push: (layout, reference) => run('crane', ['push', '--insecure', layout, reference]),
    pull: (reference, layout) => run('crane', ['pull', '--insecure', '--format=oci', reference, layout]),
  },
  skopeo: {
    push: (layout, reference) => skopeoCopy(`oci:${layout}:v1`, `docker://${reference}`),
    pull: (reference, layout) => skopeoCopy(`docker://${reference}`, `oci:${layout}:v1`),
  },
  regctl: {
    push: (layout, reference) => regctlCopy(`ocidir://${layout}:v1`, reference, reference),
    pull: (reference, layout) => regctlCopy(reference, `ocidir://${layout}:v1`, reference),
  },
  oras: {
    push: (layout, reference) => run('oras', ['cp', '--from-oci-layout', '--to-plain-http', `${layout}:v1`, reference]),
    pull: (reference, layout) => run('oras', ['cp', '--from-plain-http', '--to-oci-layout', reference, `${layout}:v1`]),
  },
}

describe('a layer of 1 GiB', function () {
  const bench = useWorkbench(this, 'big', { tools: Object.keys(clients) })
  let root: Descriptor | undefined

  before(async () => {
    const { layout } = bench()
    root = await addBigImage(layout, 'a layer of 1 GiB', BIG_BYTES)
    await layout.tag('v1', root)
  })

  for (const [name, client] of Object.entries(clients)) {
    it(`is pushed by ${name} and pulled back, byte for byte`, async () => {
      if (!root) throw new Error('the image is made by a before() hook')
      const { layout, folder, repository } = bench()
      const target = repository(`big-${name}`)

      await client.push(layout.folder, `${target.reference}:v1`)
      await assertServes(target, layout, { root, reference: 'v1' })

      await client.pull(`${target.reference}:v1`, folder.in(name))
      await assertHolds(OciLayout.open(folder.in(name)), layout, root)

      await rm(folder.in(name), { recursive: true })
      await deleteContent(target, layout, root)
    })
  }
})

async function skopeoCopy(source: string, target: string): Promise<unknown> {
  const flags = ['--preserve-digests', '--src-tls-verify=false', '--dest-tls-verify=false']
  return run('skopeo', ['--insecure-policy', 'copy', ...flags, source, target])
}

async function regctlCopy(source: string, target: string, reference: string): Promise<unknown> {
  const host = `reg=${reference.split('/')[0]},tls=disabled`
  return run('regctl', ['image', 'copy', '--host', host, source, target], { env: { REGCTL_CONFIG: '/dev/null' } })
}
