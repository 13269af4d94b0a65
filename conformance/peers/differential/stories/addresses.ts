/** Paths, names and methods: what is an endpoint at all, and what is answered where there is none. */
import { anyManifest } from '../../support/ask.ts'
import type { Content } from '../content.ts'
import type { Story } from '../story.ts'

export const askTheBase: Story = async ({ pair, random }) => {
  for (let count = 3 + random.below(4); count > 0; count--) {
    const method = random.pick(['GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
    const [what, path, headers] = random.pick([
      ['', '/v2/', {}],
      [', with a query', '/v2/?n=1', {}],
      [', Accept html', '/v2/', { Accept: 'text/html' }],
      [', with credentials', '/v2/', { Authorization: 'Basic dXNlcjpwYXNz' }],
      [', from a page', '/v2/', { Origin: 'https://example.com' }],
      [', a range', '/v2/', { Range: 'bytes=0-0' }],
      [', without the last slash', '/v2', {}],
    ] as const)
    await pair.ask(`base ${method}${what}`, { method, path, headers })
  }
}

export const askForOddPaths: Story = async ({ pair, random, base }) => {
  for (let count = 4 + random.below(4); count > 0; count--) {
    const [what, path] = random.pick([
      ['the root', '/'],
      ['nothing there', '/nothing'],
      ['version 1', '/v1/'],
      ['version 1 search', '/v1/search?q=a'],
      ['a bare name', `/v2/${base.images}`],
      ['a catalog with a slash', '/v2/_catalog/'],
      ['tags without list', `/v2/${base.images}/tags`],
      ['tags with a slash', `/v2/${base.images}/tags/list/`],
      ['a tag of the list', `/v2/${base.images}/tags/image`],
      ['no digest', `/v2/${base.images}/blobs/`],
      ['a word nobody knows', `/v2/${base.images}/nonsense/latest`],
      ['two slashes', `/v2//${base.images}/tags/list`],
      ['a step up', `/v2/base/other/../images/tags/list`],
      ['a step on the spot', `/v2/base/./images/tags/list`],
      ['an encoded slash', `/v2/base%2Fimages/tags/list`],
      ['an encoded step up', `/v2/base/%2e%2e/images/tags/list`],
      ['an encoded letter', `/v2/b%61se/images/tags/list`],
      ['a broken encoding', `/v2/base%zz/tags/list`],
      ['a zero byte', `/v2/base%00/tags/list`],
      ['words as names', '/v2/blobs/tags/list'],
      ['words as names, deeper', '/v2/blobs/uploads/tags/list'],
      ['words as names, manifests', '/v2/manifests/manifests/latest'],
    ] as const)
    await pair.ask(`path GET, ${what}`, { method: 'GET', path })
  }
}

export const useOddNames: Story = async ({ pair, random, repository }) => {
  for (let count = 4 + random.below(4); count > 0; count--) {
    const [what, name] = random.pick([
      ['a name in upper case', `${repository}/Upper`],
      ['a name with a space', `${repository}/a%20b`],
      ['a name that begins with _', `${repository}/_a`],
      ['a name that ends in -', `${repository}/a-`],
      ['a name with two dots', `${repository}/a..b`],
      ['a name with two underscores', `${repository}/a__b`],
      ['a name with three underscores', `${repository}/a___b`],
      ['a name with many dashes', `${repository}/a-----b`],
      ['a name with a plus', `${repository}/a+b`],
      ['a name with a tilde', `${repository}/~a`],
      ['a name beyond ASCII', `${repository}/%C3%A4`],
      ['a name of one letter', `${repository}/a`],
      ['a name of 255 characters', `${repository}/${'a'.repeat(254 - repository.length)}`],
      ['a name of 256 characters', `${repository}/${'a'.repeat(255 - repository.length)}`],
      ['a name of 300 characters', `${repository}/${'a'.repeat(299 - repository.length)}`],
      ['a deep name', `${repository}${'/a'.repeat(30)}`],
    ] as const)
    const [kind, method, path] = random.pick([
      ['tags', 'GET', 'tags/list'],
      ['manifest', 'GET', 'manifests/latest'],
      ['manifest', 'DELETE', 'manifests/latest'],
      ['blob', 'HEAD', `blobs/sha256:${'0'.repeat(64)}`],
      ['upload', 'POST', 'blobs/uploads/'],
    ] as const)
    await pair.ask(`${kind} ${method}, ${what}`, {
      method,
      path: `/v2/${name}/${path}`,
      headers: { Accept: anyManifest },
    })
  }
}

export const useOtherMethods: Story = async ({ pair, random, base }) => {
  const [blob] = base.blobs.slice(2) as [Content]
  for (let count = 4 + random.below(4); count > 0; count--) {
    const method = random.pick(['POST', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
    const [kind, path] = random.pick([
      ['blob', `blobs/${blob.digest}`],
      ['manifest', 'manifests/image'],
      ['manifest', `manifests/${base.manifests[0]?.content.digest}`],
      ['tags', 'tags/list'],
      ['uploads', 'blobs/uploads/'],
    ] as const)
    const isStart = kind === 'uploads' && method === 'POST'
    const isPush = kind === 'manifest' && method === 'PUT'
    if (!isStart && !isPush) await pair.ask(`${kind} ${method}`, { method, path: `/v2/${base.images}/${path}` })
  }
}
