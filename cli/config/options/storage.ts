/** The options of `storage`: exactly one driver, and what is independent of the driver. */
import { count, duration, flag, oneOfOr, optionalSection, section, text } from '../option-kinds.ts'
import { s3Options } from './s3.ts'

/** The keys of `storage` that are no drivers. */
export const storageSettings: readonly string[] = ['maintenance', 'cache', 'delete', 'redirect', 'tag']

export const storageOptions = section(
  {
    filesystem: optionalSection(
      {
        rootdirectory: text('/var/lib/registry', 'The folder that everything is stored in.'),
        maxthreads: count(100, 'Accepted for compatibility: how many file operations distribution runs at a time.'),
      },
      'Stores in a folder, in the layout of distribution.',
    ),
    inmemory: optionalSection({}, 'Stores in memory; everything is lost when the process ends. For tests.'),
    s3: s3Options,
    delete: section(
      { enabled: flag(false, 'Allows clients to delete manifests, tags and blobs.') },
      'Deleting by clients.',
    ),
    redirect: section(
      {
        disable: flag(false, 'Sends content through the registry where the driver could redirect clients to it.'),
        lifetime: duration('20m', 'How long an address that a client is redirected to is good.'),
      },
      'Redirects to the storage.',
    ),
    cache: section(
      {
        blobdescriptor: oneOfOr(
          ['none', 'inmemory', 'redis'],
          'none',
          'Where sizes and digests of blobs are remembered between requests.',
        ),
        blobdescriptorsize: count(10_000, 'How many blobs the cache in memory remembers; 0 is without limit.'),
      },
      'The cache of blob descriptors.',
    ),
    tag: section(
      {
        concurrencylimit: count(0, 'How many tags are looked up at the same time; 0 leaves it to the registry.'),
      },
      'Looking up tags.',
    ),
    maintenance: section(
      {
        uploadpurging: section(
          {
            enabled: flag(true, 'Removes uploads that were never finished.'),
            age: duration('168h', 'How old an upload must be to be removed.'),
            interval: duration('24h', 'The time between two runs.', { zeroIsDefault: true }),
            dryrun: flag(false, 'Only logs what would be removed.'),
          },
          'Removing abandoned uploads.',
        ),
        readonly: section(
          { enabled: flag(false, 'Refuses everything that would write, with status 405.') },
          'Serving without accepting changes.',
        ),
      },
      'Maintenance.',
    ),
  },
  'Where content is stored: give exactly one driver.',
)
