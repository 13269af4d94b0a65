// GET /v2/<name>/referrers/<digest>: spec, Listing Referrers.
import { ociIndexType } from '../../registry/manifest.ts'
import type { ReferrerDescriptor, Referrers } from '../../registry/referrers.ts'
import type { Endpoint } from '../endpoint.ts'
import { queryOf, singleParameter } from '../request.ts'
import { nextLink } from '../wire/pagination.ts'

/** A page is an index that clients read as a manifest: it stays well below the 4 MiB that they accept. */
const maxPageBytes = 2 * 1024 * 1024
const maxPageEntries = 1000

export function listReferrers(referrers: Referrers): Endpoint<'referrers'> {
  return async (ctx, { repository, digest }) => {
    const query = queryOf(ctx)
    const artifactType = singleParameter(query, 'artifactType')
    const after = singleParameter(query, 'last')
    const source = referrers.list(repository, digest, {
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(after === undefined ? {} : { after }),
    })

    const manifests: ReferrerDescriptor[] = []
    let bytes = 0
    for await (const descriptor of source) {
      bytes += JSON.stringify(descriptor).length
      const last = manifests.at(-1)
      if (last !== undefined && (bytes > maxPageBytes || manifests.length === maxPageEntries)) {
        // spec: "A `Link` header MUST be included in the response when the descriptor list cannot be returned in a single manifest."
        ctx.set('Link', nextLink(ctx.path, query, last.digest))
        break
      }
      manifests.push(descriptor)
    }

    // spec: "If filtering is requested and applied, the response MUST include a header `OCI-Filters-Applied: artifactType`".
    if (artifactType !== undefined) ctx.set('OCI-Filters-Applied', 'artifactType')
    ctx.set('Content-Type', ociIndexType)
    ctx.body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests }))
  }
}
