/** What a client sees of a registry's content: the answers to many requests, in a form that can be compared between registries. */
import { digestOf } from '../../../testing/digest-of.ts'
import { ask, errorCodes, type Answer, type Request } from './ask.ts'

/** By request. Lists are compared as lists: whether `tags` is null or empty, and how JSON is spaced, is not seen. */
export type Observed = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const headersOfContent = [
  'content-type',
  'content-length',
  'docker-content-digest',
  'etag',
  'content-range',
  'accept-ranges',
]
const atOnce = 8

export async function observe(url: string, requests: readonly Request[]): Promise<Observed> {
  const observed: Record<string, Readonly<Record<string, unknown>>> = {}
  const left = requests.entries()
  const work = async (): Promise<void> => {
    for (const [, request] of left) observed[nameOf(request)] = seen(request, await ask(url, request))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return Object.fromEntries(Object.entries(observed).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function nameOf({ method, path, headers = {} }: Request): string {
  const conditions = Object.entries(headers).filter(([name]) => name !== 'Accept')
  return [method, path, ...conditions.map(([name, value]) => `${name}: ${value}`)].join(' ')
}

function seen(request: Request, { status, headers, body }: Answer): Record<string, unknown> {
  if (status >= 400) return { status, codes: errorCodes(body), contentRange: headers['content-range'] }
  if (status === 304) return { status }
  if (/\/(tags\/list|_catalog)/.test(request.path))
    return { status, ...(headers.link ? { next: nextPage(String(headers.link)) } : {}), ...listIn(body) }
  // A sha512 blob has the digest that it was pushed under, or the sha256 of its bytes.
  const names = headersOfContent.filter((name) => !request.path.includes('sha512:') || !/digest|etag/.test(name))
  return {
    status,
    ...Object.fromEntries(names.map((name) => [name, headers[name]])),
    body: digestOf(body),
  }
}

/** The parameters of a Link, in whatever order. */
function nextPage(link: string): string {
  return [...new URLSearchParams(/\?([^>]*)>/.exec(link)?.[1])].sort((a, b) => (a < b ? -1 : 1)).join('&')
}

function listIn(body: Buffer): Record<string, unknown> {
  const list = JSON.parse(body.toString()) as Record<string, unknown>
  // 2.8 lists tags in any order.
  return 'tags' in list ? { ...list, tags: ((list['tags'] ?? []) as string[]).sort() } : list
}
