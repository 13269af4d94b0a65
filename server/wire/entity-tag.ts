// Conditional requests on digests: RFC 9110, section 13.1. The entity tag of content is its digest.
import type { Digest } from '../../registry/digest.ts'

export function entityTag(digest: Digest): string {
  return `"${digest}"`
}

/** Whether an If-None-Match or If-Match header names the digest. Clients of CNCF distribution send it without quotes too. */
export function namesDigest(header: string, digest: Digest | undefined): boolean {
  if (digest === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '')
    return bare === digest || bare === entityTag(digest)
  })
}

/** The precondition of a write, as a question about what a tag points at now; undefined when the request has none. */
export function writeCondition(
  ifMatch: string,
  ifNoneMatch: string,
): ((current: Digest | undefined) => boolean) | undefined {
  if (ifMatch === '' && ifNoneMatch === '') return undefined
  return (current) =>
    (ifMatch === '' || namesDigest(ifMatch, current)) && (ifNoneMatch === '' || !namesDigest(ifNoneMatch, current))
}
