/** Catalog and tags: pages, numbers that are none, and repositories that hold little or nothing. */
import type { Random } from '../random.ts'
import type { Story } from '../story.ts'

const numbers = ['0', '1', '1', '2', '2', '3', '7', '100', '1000']
const oddNumbers = {
  'n above the limit': '1001',
  'n far above the limit': '999999',
  'n negative': '-1',
  'n no number': 'abc',
  'n empty': '',
  'n a fraction': '1.5',
  'n with a sign': '%2B3',
  'n hexadecimal': '0x10',
  'n with a space': '%203',
  'n too big for any number': '9'.repeat(30),
} as const

type Parameter = readonly [what: string, query: string]

export const listCatalog: Story = async ({ pair, random, base }) => {
  for (let count = 4 + random.below(6); count > 0; count--) {
    const [what, query] = pageOf(random, [base.images, base.tagged, 'base', 'base/', 'c', '%00', 'zzz', 'A'])
    const method = methodOf(random)
    await pair.ask(`catalog ${method}${what}`, { method, path: `/v2/_catalog${query}` })
  }
}

export const listTagPages: Story = async ({ pair, random, base, repository }) => {
  const repositories = [
    ['', base.tagged],
    ['', base.tagged],
    ['', base.images],
    [', a repository without tags', base.emptied],
    [', a repository with an upload alone', base.started],
    [', an unknown repository', repository],
  ] as const
  for (let count = 5 + random.below(8); count > 0; count--) {
    const [where, name] = random.pick(repositories)
    const [what, query] = random.chance(5)
      ? lastPage(base.tags)
      : pageOf(random, [
          ...base.tags.slice(0, 6),
          ...base.tags.slice(-3),
          'v1',
          'zzz',
          '!',
          '%C3%A4',
          'v1/../v2',
          'a%20b',
        ])
    const method = methodOf(random)
    const full = name === base.tagged && isFullLastPage(base.tags, query) ? ', a full last page' : ''
    await pair.ask(`tags ${method}${where}${what}${full}`, { method, path: `/v2/${name}/tags/list${query}` })
  }
}

function lastPage(tags: readonly string[]): Parameter {
  return ['', `?n=1&last=${tags.at(-2)}`]
}

/** As many tags are left behind `last` as were asked for. */
function isFullLastPage(tags: readonly string[], query: string): boolean {
  const parameters = new URLSearchParams(query)
  const left = tags.filter((tag) => tag > (parameters.get('last') ?? ''))
  return left.length > 0 && Number(parameters.get('n')) === left.length
}

/** Mostly GET. */
function methodOf(random: Random): string {
  return random.chance(85) ? 'GET' : random.pick(['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
}

function pageOf(random: Random, ends: readonly string[]): Parameter {
  const parts: Parameter[] = []
  if (random.chance(55)) parts.push(['', `n=${random.pick(numbers)}`])
  else if (random.chance(60)) {
    const [what, value] = random.pick(Object.entries(oddNumbers))
    parts.push([`, ${what}`, `n=${value}`])
  }
  if (random.chance(50)) parts.push(['', `last=${random.pick(ends)}`])
  if (random.chance(8)) parts.push([', last empty', 'last='])
  if (random.chance(8)) parts.push([', n twice', 'n=2&n=3'])
  if (random.chance(8)) parts.push(['', 'unknown=1'])
  if (random.chance(4)) parts.push([', a broken query', 'a=%zz'])
  const query = parts.map(([, text]) => text).join('&')
  return [parts.map(([what]) => what).join(''), query === '' ? '' : `?${query}`]
}
