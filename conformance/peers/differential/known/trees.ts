/** What is left in the directory: the shared layout, less what docs/storage-layout.md says is one registry's own. */
import type { KnownDifference } from './known-difference.ts'

export const treeDifferences: readonly KnownDifference[] = [
  {
    id: 'uploads-begin-without-a-file',
    what: 'The file `data` of an upload that has no bytes yet',
    distribution: 'Empty',
    lading: 'Not there before the first byte',
    why: 'One disk write less for every push; distribution makes it when it goes on with the upload',
    seen: [{ what: /^tree _uploads\/<id>\/data$/, aspect: 'tree', distribution: /^0 bytes/, lading: /none/ }],
  },
]
