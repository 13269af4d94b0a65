/** Lists that come in pages: tags, the catalog, referrers. */
import assert from 'node:assert/strict'

import type { Answer, Registry } from './client.ts'
import type { Descriptor } from './content.ts'
import { assertStatus, jsonOf, shown } from './expect.ts'

const mostPages = 500

/** The URL of the page after this one, from `Link: <…>; rel="next"`. */
export function nextPage(answer: Answer): string | undefined {
  const link = answer.header('link')
  if (link === undefined) return undefined
  const match = /<([^>]*)>\s*;[^,]*\brel="next"/.exec(link)
  assert.ok(match?.[1] !== undefined, `a Link that is no <url>; rel="next": ${link}`)
  return new URL(match[1], answer.url).href
}

/** Every page from the first on, by the Link headers. */
export async function pagesFrom(registry: Registry, path: string): Promise<readonly Answer[]> {
  const pages: Answer[] = []
  for (let next: string | undefined = path; next !== undefined; next = nextPage(pages.at(-1)!)) {
    const page = await registry.get(next)
    assertStatus(page, 200)
    pages.push(page)
    assert.ok(pages.length < mostPages, `more than ${mostPages} pages of ${path}`)
  }
  return pages
}

export function tagsOf(answer: Answer): readonly string[] {
  return stringsOf(answer, 'tags')
}

export function repositoriesOf(answer: Answer): readonly string[] {
  return stringsOf(answer, 'repositories')
}

/** The descriptors of an image index, as the referrers API answers it. */
export function referrersOf(answer: Answer): readonly Descriptor[] {
  assertStatus(answer, 200)
  const body = jsonOf(answer) as { manifests?: unknown }
  assert.ok(Array.isArray(body.manifests), `no "manifests" in ${shown(answer)}`)
  return body.manifests as Descriptor[]
}

// Go writes an empty list as null; whether that is right is the matter of one test, not of all.
function stringsOf(answer: Answer, field: string): readonly string[] {
  assertStatus(answer, 200)
  const body = jsonOf(answer) as Record<string, unknown>
  assert.ok(field in body, `no "${field}" in ${shown(answer)}`)
  return (body[field] ?? []) as string[]
}
