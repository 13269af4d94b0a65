// The registry on one storage: a source of content, and the parts that write. An endpoint receives only the part that it uses.
import type { Cache } from '../coordination/cache.ts'
import type { Locker } from '../coordination/locker.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { createBlobs, type Blobs } from './blobs.ts'
import type { ContentSource } from './content-source.ts'
import { createLinks } from './links.ts'
import type { Log } from './log.ts'
import { createReferenceCheck, type ManifestRules } from './manifest-rules.ts'
import { createManifestStore } from './manifest-store.ts'
import { createManifests, type Manifests } from './manifests.ts'
import { createReferrers, type Referrers } from './referrers.ts'
import { createRepositories, type Repositories } from './repositories.ts'
import { createTags, type Tags } from './tags.ts'
import { createUploads, type Uploads } from './uploads.ts'

export interface Registry extends ContentSource {
  blobs: Blobs
  uploads: Uploads
  manifests: Manifests
  tags: Tags
  referrers: Referrers
  repositories: Repositories
}

export interface RegistryParts {
  driver: StorageDriver
  locker: Locker
  log: Log
  rules: ManifestRules
  /** Remembers what repositories have; without it, storage is asked each time. */
  cache?: Cache | undefined
  /** How long the addresses are good that clients are sent to for blobs, where storage offers any; without it, they are sent nowhere. */
  redirectSeconds?: number | undefined
  now?: () => number
}

export function createRegistry({
  driver,
  locker,
  log,
  rules,
  cache,
  redirectSeconds,
  now = Date.now,
}: RegistryParts): Registry {
  const links = createLinks(driver, log)
  const blobs = createBlobs({ driver, links, cache, redirectSeconds })
  const tags = createTags(driver, links)
  const store = createManifestStore(driver, links, log)
  const referrers = createReferrers(driver, links, log, (repository, reference) =>
    manifests.find(repository, reference),
  )
  const checkReferences = createReferenceCheck(blobs, store, rules)
  const manifests = createManifests({ driver, store, tags, referrers, checkReferences, locker })

  return {
    blob: (repository, digest, options) => blobs.find(repository, digest, options),
    manifest: (repository, reference) => manifests.find(repository, reference),
    blobs,
    uploads: createUploads({ driver, blobs, locker, now }),
    manifests,
    tags,
    referrers,
    repositories: createRepositories(driver),
  }
}
