/** POST to uploads: mounts, whole blobs in one request, and parameters that are odd. */
import { contentOf, digestOf, oddDigests } from '../content.ts'
import { isSuccess } from '../pair.ts'
import { pushBlob, type Story } from '../story.ts'

export const mountBlobs: Story = async (world) => {
  const { pair, random, repository, base } = world
  const start = `/v2/${repository}/blobs/uploads/`
  for (let count = 2 + random.below(4); count > 0; count--) {
    const { digest } = random.pick(base.blobs.slice(1))
    const unknown = digestOf(random.bytes(9))
    const [oddWhat, odd] = random.pick(Object.entries(oddDigests).slice(2))
    const [what, query] = random.pick([
      ['', `mount=${digest}&from=${base.images}`],
      ['', `mount=${digest}&from=${base.images}`],
      ['', `mount=${digest}&from=${encodeURIComponent(base.images)}`],
      [', the other way round', `from=${base.images}&mount=${digest}`],
      [', of a blob that is not there', `mount=${unknown}&from=${base.images}`],
      [', from a repository that has not got it', `mount=${digest}&from=${base.emptied}x`],
      [', from itself', `mount=${digest}&from=${repository}`],
      [', from a name that is none', `mount=${digest}&from=Base/../Images`],
      [', from an empty name', `mount=${digest}&from=`],
      [', from nowhere', `mount=${digest}`],
      [', from nowhere, of a blob that is not there', `mount=${unknown}`],
      [`, ${oddWhat}`, `mount=${odd}&from=${base.images}`],
      [', empty', `mount=&from=${base.images}`],
      [', from alone', `from=${base.images}`],
    ] as const)
    const { lading } = await pair.ask(`mount POST${what}`, { method: 'POST', path: `${start}?${query}` })
    if (lading.status !== 201) continue
    const path = `/v2/${repository}/blobs/${digest}`
    await pair.ask(`blob GET, mounted${what}`, { method: random.pick(['GET', 'HEAD']), path })
  }
}

export const postWholeBlobs: Story = async (world) => {
  const { pair, random, repository } = world
  const start = `/v2/${repository}/blobs/uploads/`
  const { bytes, digest } = contentOf(random.bytes(300))
  const [oddWhat, odd] = random.pick(Object.entries(oddDigests).slice(2))
  const [what, query, body] = random.pick([
    [', a whole blob', `digest=${digest}`, bytes],
    [', a whole blob of other bytes', `digest=${digest}`, random.bytes(20)],
    [', a digest without bytes', `digest=${digest}`, undefined],
    [`, ${oddWhat}`, `digest=${odd}`, bytes],
    [', a body without digest', '', bytes],
    [', digest-algorithm=sha256', 'digest-algorithm=sha256', undefined],
    [', digest-algorithm=sha512', 'digest-algorithm=sha512', undefined],
    [', digest-algorithm=md5', 'digest-algorithm=md5', undefined],
  ] as const)
  const path = query === '' ? start : `${start}?${query}`
  const answers = await pair.ask(`upload POST${what}`, { method: 'POST', path, ...(body && { body }) })
  if (!isSuccess(answers.lading)) return
  await pair.ask(`blob GET, after upload POST${what}`, { method: 'GET', path: `/v2/${repository}/blobs/${digest}` })
}

export const startOddUploads: Story = async (world) => {
  const { pair, random, repository } = world
  for (let count = 3 + random.below(3); count > 0; count--) {
    const [what, path] = random.pick([
      ['', `/v2/${repository}/blobs/uploads/`],
      [', without the last slash', `/v2/${repository}/blobs/uploads`],
      [', an unknown upload', `/v2/${repository}/blobs/uploads/0190a000-0000-7000-8000-000000000000`],
      [', an id that is none', `/v2/${repository}/blobs/uploads/nonsense`],
      [', an id with odd characters', `/v2/${repository}/blobs/uploads/a%20b`],
      [', an id of dots', `/v2/${repository}/blobs/uploads/...`],
    ] as const)
    const method = random.pick(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'POST', 'OPTIONS'])
    await pair.ask(`uploads ${method}${what}`, { method, path })
  }
  await pushBlob(world, contentOf(random.bytes(10)))
}
