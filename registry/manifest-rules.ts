// What a manifest may reference: content of its own repository, and layers elsewhere where the operator allows their addresses.
import type { Blobs } from './blobs.ts'
import type { Digest } from './digest.ts'
import { RegistryError } from './errors.ts'
import type { ManifestStore } from './manifest-store.ts'
import type { Descriptor, Manifest } from './manifest.ts'
import type { RepositoryName } from './names.ts'

const checksAtOnce = 32

export interface ManifestRules {
  /** Which children of an index must be in the repository: all, none (sparse indexes), or those for one of these platforms. */
  requiredPlatforms: 'all' | 'none' | readonly { os: string; architecture: string }[]
  /** Layer `urls` must match one of `allow` (any, when it is empty) and none of `deny`. */
  urls: { allow: readonly RegExp[]; deny: readonly RegExp[] }
}

/** Throws MANIFEST_BLOB_UNKNOWN with one entry per missing digest, or MANIFEST_INVALID for an address that is not allowed. */
export type CheckReferences = (repository: RepositoryName, manifest: Manifest) => Promise<void>

export function createReferenceCheck(blobs: Blobs, store: ManifestStore, rules: ManifestRules): CheckReferences {
  async function isPresent(repository: RepositoryName, { digest }: Descriptor, isChild: boolean): Promise<boolean> {
    // BuildKit exports its cache as an index whose children are blobs.
    if (isChild && (await store.isPresent(repository, digest))) return true
    return blobs.isLinked(repository, digest)
  }

  return async (repository, manifest) => {
    manifest.blobs.forEach((descriptor) => checkUrls(descriptor, rules.urls))
    const required = [
      ...manifest.blobs
        .filter((descriptor) => !isForeign(descriptor))
        .map((descriptor) => ({ descriptor, isChild: false })),
      ...manifest.children
        .filter((child) => isRequired(child, rules.requiredPlatforms))
        .map((descriptor) => ({ descriptor, isChild: true })),
    ]
    const distinct = [...new Map(required.map((entry) => [entry.descriptor.digest, entry])).values()]
    const missing: Digest[] = []
    for (let start = 0; start < distinct.length; start += checksAtOnce) {
      const batch = distinct.slice(start, start + checksAtOnce)
      const present = await Promise.all(
        batch.map(({ descriptor, isChild }) => isPresent(repository, descriptor, isChild)),
      )
      missing.push(...batch.filter((_, index) => !present[index]).map(({ descriptor }) => descriptor.digest))
    }
    // spec, Push: "it MUST result in one or more `MANIFEST_BLOB_UNKNOWN` errors".
    if (missing.length > 0) {
      throw RegistryError.forEach(
        'MANIFEST_BLOB_UNKNOWN',
        missing.map((digest) => ({ digest })),
      )
    }
  }
}

/** Layers that registries need not hold: clients fetch them from the given addresses. */
function isForeign({ mediaType, urls }: Descriptor): boolean {
  return urls.length > 0 || mediaType.includes('.nondistributable.') || mediaType.includes('.rootfs.foreign.')
}

function checkUrls({ digest, urls }: Descriptor, { allow, deny }: ManifestRules['urls']): void {
  for (const url of urls) {
    const allowed = allow.length === 0 || allow.some((pattern) => pattern.test(url))
    if (allowed && !deny.some((pattern) => pattern.test(url))) continue
    throw new RegistryError('MANIFEST_INVALID', {
      message: 'this registry does not allow a layer at this address (validation.manifests.urls)',
      detail: { digest, url },
    })
  }
}

function isRequired({ platform }: Descriptor, required: ManifestRules['requiredPlatforms']): boolean {
  if (typeof required === 'string') return required === 'all'
  return required.some(({ os, architecture }) => platform?.os === os && platform.architecture === architecture)
}
