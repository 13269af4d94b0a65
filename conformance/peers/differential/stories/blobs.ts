/** Blobs: pulls whole, in ranges and under conditions, deletes, and digests that are none. */
import { contentOf, digestOf, oddDigests } from '../content.ts'
import { Diverged } from '../pair.ts'
import type { Random } from '../random.ts'
import { listTags, pushBlob, type Story } from '../story.ts'

const ranges = ['bytes=0-0', 'bytes=0-99', 'bytes=10-', 'bytes=-5', 'bytes=0-', 'bytes=4-9,20-29', 'bytes=0-999999999']
const oddRanges = {
  'a range behind the end': 'bytes=99999999-',
  'a range of no bytes': 'bytes=-0',
  'a range backwards': 'bytes=9-4',
  'a range in another unit': 'items=0-5',
  'a range without numbers': 'bytes=-',
  'a range that is none': 'nonsense',
  'a range in capitals': 'BYTES=0-4',
  'a range with spaces': 'bytes= 0 - 4',
  'ranges, one of them behind the end': 'bytes=0-1,99999999-',
  'ranges that overlap': 'bytes=0-9,5-14',
  'ranges with an empty one': 'bytes=0-1,,3-4',
  'a suffix longer than the blob': 'bytes=-99999999',
  'a negative range': 'bytes=--5',
} as const

export const pullBlobs: Story = async ({ pair, random, base }) => {
  for (let count = 6 + random.below(8); count > 0; count--) {
    const { bytes, digest } = random.pick(base.blobs)
    const method = random.chance(70) ? 'GET' : 'HEAD'
    const [what, headers] = conditionsOf(random, digest)
    const size = bytes.length === 0 ? ', the empty blob' : ''
    await pair.ask(`blob ${method}${size}${what}`, { method, path: `/v2/${base.images}/blobs/${digest}`, headers })
  }
}

function conditionsOf(random: Random, digest: string): [what: string, headers: Record<string, string>] {
  const other = digestOf(random.bytes(8))
  switch (random.below(8)) {
    case 0:
      return ['', {}]
    case 1:
    case 2:
      return [', a range', { Range: random.pick(ranges) }]
    case 3: {
      const [what, value] = random.pick(Object.entries(oddRanges))
      return [`, ${what}`, { Range: value }]
    }
    case 4:
      return [', If-None-Match', { 'If-None-Match': random.pick([`"${digest}"`, `W/"${digest}"`, `"${other}"`, '*']) }]
    case 5:
      return [', If-None-Match without quotes', { 'If-None-Match': random.pick([digest, other]) }]
    case 6:
      return [
        ', If-Range',
        { Range: 'bytes=0-4', 'If-Range': random.pick([`"${digest}"`, `"${other}"`, `W/"${digest}"`]) },
      ]
    default:
      return [
        ', If-Match',
        random.pick([
          { 'If-Match': `"${digest}"` },
          { 'If-Match': `"${other}"` },
          { 'If-Match': `W/"${digest}"` },
          { 'If-Modified-Since': 'Wed, 21 Oct 2015 07:28:00 GMT' },
          { 'If-Unmodified-Since': 'Wed, 21 Oct 2015 07:28:00 GMT' },
        ]),
      ]
  }
}

export const askForOddDigests: Story = async ({ pair, random, base, repository }) => {
  for (let count = 5 + random.below(5); count > 0; count--) {
    const [what, digest] = random.pick(Object.entries(oddDigests))
    const method = random.pick(['GET', 'HEAD', 'GET', 'HEAD', 'DELETE'])
    const kind = random.pick(['blob', 'manifest'])
    const [where, name] = random.pick([
      ['', base.images],
      [', in an unknown repository', repository],
    ] as const)
    await pair.ask(`${kind} ${method}, ${what}${where}`, { method, path: `/v2/${name}/${kind}s/${digest}` })
  }
}

export const deleteBlobs: Story = async (world) => {
  const { pair, random, repository, base } = world
  const blob = contentOf(random.bytes(random.below(5000)))
  const path = `/v2/${repository}/blobs/${blob.digest}`
  await pair.ask('blob DELETE, unknown', { method: 'DELETE', path })
  await pushBlob(world, blob)
  await pair.ask('blob GET', { method: 'GET', path })
  await listTags(world, 'tags GET, a repository of blobs alone')
  await pair.ask('blob GET, of another repository', { method: 'GET', path: `/v2/${base.images}/blobs/${blob.digest}` })
  await pair.ask('blob DELETE', { method: 'DELETE', path })
  await pair.ask('blob GET, deleted', { method: random.pick(['GET', 'HEAD']), path })
  await pair.ask('blob DELETE, deleted', { method: 'DELETE', path })
  if (random.chance(50)) return
  await pushBlob(world, blob)
  await pair.ask('blob GET', { method: 'GET', path })
}

export const pushSha512: Story = async (world) => {
  const { pair, random, repository } = world
  const bytes = random.bytes(500)
  const digest = digestOf(bytes, 'sha512')
  await pushBlob(world, { bytes, digest })
  for (const method of ['HEAD', 'GET']) {
    await pair.ask(`blob ${method}, sha512`, { method, path: `/v2/${repository}/blobs/${digest}` })
    await pair.ask(`blob ${method}, the sha256 of a sha512 push`, {
      method,
      path: `/v2/${repository}/blobs/${digestOf(bytes)}`,
    })
  }
  // They keep it under different digests.
  throw new Diverged()
}
