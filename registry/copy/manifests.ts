// Copies what makes manifests visible, after all that they reference: what can be seen of the target is as whole as at the source, at any moment,
// also while the source is written to.
import { algorithmOf, digestOf, type Digest } from '../digest.ts'
import { currentLinkKey, indexLink, mediaTypeKey, referrerKey, revisionLinkKey, tagPrefix } from '../layout.ts'
import { parseStoredManifest, type Manifest } from '../manifest.ts'
import type { RepositoryName, Tag } from '../names.ts'
import { jsonObjectIn } from '../strict-json.ts'
import type { BlobCopier, CopyParts } from './blobs.ts'
import type { LinkCopier } from './links.ts'
import type { Outcome } from './source.ts'

/** In both, `isListed` is whether the target's list has the key, where that is known. They throw when the target fails. */
export interface ManifestCopier {
  /** The manifest, after everything that it references and that the repository has at the source. */
  revision(repository: RepositoryName, digest: Digest, isListed?: boolean): Promise<Outcome>
  /** The tag, after its manifest. What keeps it from being copied is told. */
  tag(repository: RepositoryName, tag: Tag, isListed: boolean): Promise<Outcome>
}

export function createManifestCopier(
  { tally, tell }: Pick<CopyParts, 'tally' | 'tell'>,
  blobs: BlobCopier,
  links: LinkCopier,
): ManifestCopier {
  function revision(repository: RepositoryName, digest: Digest, isListed?: boolean): Promise<Outcome> {
    return links.link(revisionLinkKey(repository, digest), { isListed }, async (leadsTo) => {
      const outcome = await blobs.ensure(leadsTo)
      if (outcome !== 'there') return outcome
      const bytes = await blobs.bytes(leadsTo)
      if (!Buffer.isBuffer(bytes)) return bytes
      // A link may lead to another algorithm's digest of the same bytes, and to nothing else.
      if (jsonObjectIn(bytes) === undefined || digestOf(bytes, algorithmOf(digest)) !== digest) return 'absent'
      return allOf(needsOf(repository, digest, parseStoredManifest(bytes, '')))
    })
  }

  function* needsOf(repository: RepositoryName, digest: Digest, manifest: Manifest): Iterable<Promise<Outcome>> {
    for (const blob of manifest.blobs) yield links.layer(repository, blob.digest)
    for (const each of manifest.children) yield child(repository, each.digest)
    // What we keep beside it; the subject itself may come later, or never.
    if (!manifest.namesItsMediaType) yield links.value(mediaTypeKey(repository, digest))
    if (manifest.subject !== undefined) yield links.value(referrerKey(repository, manifest.subject, digest))
  }

  /** BuildKit exports its cache as an index whose children are blobs. */
  async function child(repository: RepositoryName, digest: Digest): Promise<Outcome> {
    const outcome = await revision(repository, digest)
    return outcome === 'absent' ? links.layer(repository, digest) : outcome
  }

  return {
    revision,

    async tag(repository, tag, isListed) {
      const options = { isListed, count: tally.tags }
      const outcome = await links.link(currentLinkKey(repository, tag), options, async (leadsTo) => {
        const manifest = await revision(repository, leadsTo)
        if (manifest !== 'there') return manifest
        // Where every look is a request, a manifest's tags are found by their history, which a power loss may have taken from the source.
        return links.value(tagPrefix(repository, tag) + indexLink(leadsTo), { otherwise: Buffer.from(leadsTo) })
      })
      if (outcome === 'absent') tell({ found: 'dangling', repository, tag })
      else if (outcome !== 'there') tell({ found: 'incomplete', repository, tag, needs: outcome.needs })
      return outcome
    },
  }
}

/** One after the other. What the source lacks itself (foreign layers, the rest of a sparse index) the copy may lack too. */
async function allOf(needs: Iterable<Promise<Outcome>>): Promise<Outcome> {
  for (const need of needs) {
    const outcome = await need
    if (typeof outcome === 'object') return outcome
  }
  return 'there'
}
