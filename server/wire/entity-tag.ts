// Conditional requests on digests: RFC 9110, section 13.1. The entity tag of content is its digest.
import type { Digest } from '../../registry/digest.ts'

export function entityTag(digest: Digest): string {
  return `"${digest}"`
}

/** Whether an If-None-Match header names the digest. Clients of CNCF distribution send it without quotes too. */
export function namesDigest(header: string, digest: Digest | undefined): boolean {
  if (digest === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '')
    return bare === digest || bare === entityTag(digest)
  })
}

/**
 * Whether an If-Match header lets a request through; an absent one lets all.
 * RFC 9110, section 13.1.1: "An origin server MUST use the strong comparison function": a weak tag names nothing.
 */
export function meetsIfMatch(header: string, current: Digest | undefined): boolean {
  if (header === '') return true
  const strong = header.split(',').filter((tag) => !tag.trim().startsWith('W/'))
  return namesDigest(strong.join(','), current)
}

/** The precondition of a write, as a question about what a tag points at now; undefined when the request has none. */
export function writeCondition(
  ifMatch: string,
  ifNoneMatch: string,
): ((current: Digest | undefined) => boolean) | undefined {
  if (ifMatch === '' && ifNoneMatch === '') return undefined
  return (current) => meetsIfMatch(ifMatch, current) && (ifNoneMatch === '' || !namesDigest(ifNoneMatch, current))
}
