/** Manifests pulled: by tag and digest, with what clients accept, under conditions, and by references that are none. */
import { mediaTypes } from '../../../clients/support/oci-layout.ts'
import { anyManifest } from '../../support/ask.ts'
import { digestOf } from '../content.ts'
import type { Random } from '../random.ts'
import type { Story } from '../story.ts'

const accepts = {
  none: undefined,
  everything: '*/*',
  'application/*': 'application/*',
  json: 'application/json',
  'docker manifests': mediaTypes.dockerManifest,
  'docker lists': `${mediaTypes.dockerManifest}, ${mediaTypes.dockerList}`,
  'OCI manifests': mediaTypes.manifest,
  'OCI indexes': mediaTypes.index,
  html: 'text/html',
  'with weights': `${mediaTypes.index};q=0.5, ${mediaTypes.manifest};q=0.9, ${mediaTypes.dockerList}, ${mediaTypes.dockerManifest}`,
} as const

export const pullManifests: Story = async ({ pair, random, base }) => {
  for (let count = 6 + random.below(8); count > 0; count--) {
    const { content, tag, mediaType } = random.pick(base.manifests)
    const [by, reference] = random.chance(50) ? ['by tag', tag] : ['by digest', content.digest]
    const method = random.chance(70) ? 'GET' : 'HEAD'
    const kind = mediaType === mediaTypes.dockerList ? 'docker list ' : mediaType.includes('docker') ? 'docker ' : ''
    const [what, headers] = headersOf(random, content.digest)
    const path = `/v2/${base.images}/manifests/${reference}`
    await pair.ask(`${kind}manifest ${method} ${by}${what}`, { method, path, headers })
  }
}

function headersOf(random: Random, digest: string): [what: string, headers: Record<string, string>] {
  const Accept = anyManifest
  const other = digestOf(random.bytes(8))
  switch (random.below(7)) {
    case 0:
    case 1:
      return ['', { Accept }]
    case 2: {
      const [what, value] = random.pick(Object.entries(accepts))
      return [`, Accept ${what}`, value === undefined ? {} : { Accept: value }]
    }
    case 3:
      return [', If-None-Match', { Accept, 'If-None-Match': random.pick([`"${digest}"`, digest, `"${other}"`, other]) }]
    case 4:
      return [
        ', an odd If-None-Match',
        { Accept, 'If-None-Match': random.pick([`W/"${digest}"`, '*', `"${other}", "${digest}"`]) },
      ]
    case 5:
      return [', If-Match', { Accept, 'If-Match': random.pick([`"${digest}"`, `"${other}"`, '*']) }]
    default:
      return [', a range', { Accept, Range: 'bytes=0-9' }]
  }
}

const oddReferences = {
  'an unknown tag': 'nosuchtag',
  'a tag of 128 characters': 'a'.repeat(128),
  'a tag that is too long': 'a'.repeat(129),
  'a tag that begins with a dot': '.tag',
  'a tag that begins with a dash': '-tag',
  'a tag with a plus': 'a+b',
  'a tag with an encoded space': 'a%20b',
  'a tag with a letter beyond ASCII': '%C3%A4',
  'a tag in upper case': 'IMAGE',
  'an encoded tag': '%69mage',
  'a tag with a slash': 'a/b',
  'no reference': '',
} as const

export const askForOddReferences: Story = async ({ pair, random, base, repository }) => {
  for (let count = 5 + random.below(5); count > 0; count--) {
    const [what, reference] = random.pick(Object.entries(oddReferences))
    const [where, name] = random.pick([
      ['', base.images],
      [', in an unknown repository', repository],
    ] as const)
    const method = random.pick(['GET', 'GET', 'HEAD', 'DELETE'])
    const path = `/v2/${name}/manifests/${reference}`
    // The base content is everybody's: nobody deletes from it what is there.
    const isSafe = method !== 'DELETE' || !['an encoded tag'].includes(what)
    if (isSafe)
      await pair.ask(`manifest ${method}, ${what}${where}`, { method, path, headers: { Accept: anyManifest } })
  }
}
