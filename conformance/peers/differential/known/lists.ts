/** The catalog, lists of tags, and referrers. */
import type { KnownDifference } from './known-difference.ts'

export const listDifferences: readonly KnownDifference[] = [
  {
    id: 'empty-lists',
    what: 'A list of no tags',
    distribution: '`"tags": null`',
    lading: '`"tags": []`',
    why: 'The spec shows an array, and distribution does the same after 3.1.1',
    seen: [{ what: /^tags GET/, aspect: 'body', distribution: /"tags":null\}$/, lading: /"tags":\[\]\}$/ }],
  },
  {
    id: 'tags-of-unknown-repositories',
    what: 'Tags of a repository that does not exist, with `last`',
    distribution: '200 with an empty list; 404 only without `last`',
    lading: '404 NAME_UNKNOWN',
    why: 'The page that is asked for does not change whether the repository exists',
    seen: [
      {
        what: /^tags GET, (an unknown repository|a repository with an upload alone)/,
        distribution: /^200$/,
        lading: /^404 NAME_UNKNOWN$/,
      },
    ],
  },
  {
    id: 'tags-of-blobs-alone',
    what: 'Tags of a repository that holds blobs and no manifest',
    distribution: '404 NAME_UNKNOWN',
    lading: '200 with an empty list',
    why: 'The repository exists: its blobs can be pulled',
    seen: [{ what: /^tags GET, a repository of blobs alone/, distribution: /^404 NAME_UNKNOWN$/, lading: /^200$/ }],
  },
  {
    id: 'page-sizes',
    what: 'Catalog with `n` above the limit',
    distribution: '400',
    lading: 'The largest page',
    why: 'As for tags in both, and Link leads to the rest',
    seen: [
      {
        what: /^catalog GET.*, n (far )?above the limit/,
        distribution: /^400 PAGINATION_NUMBER_INVALID$/,
        lading: /^200$/,
      },
    ],
  },
  {
    id: 'odd-page-sizes',
    what: '`n` with a sign',
    distribution: '`+3` counts as 3',
    lading: '400',
    why: 'It is no whole number; a client that sends it has a mistake',
    seen: [
      {
        what: /^(tags|catalog) GET.*, n with a sign/,
        distribution: /^(200|404 NAME_UNKNOWN)$/,
        lading: /^400/,
      },
    ],
  },
  {
    id: 'links-keep-the-query',
    what: 'Link to the next page',
    distribution: '`n`, also where the request had none, and `last`',
    lading: 'The query of the request, with another `last`',
    why: 'What narrows a list, such as a parameter of a proxy, must hold for its next page too',
    seen: [
      {
        what: /^(tags|catalog) GET/,
        aspect: 'link',
        distribution: /rel="next"$/,
        lading: /[?&](a|unknown|n)=.*&(last|n|unknown)=.*rel="next"$/,
      },
      {
        what: /^catalog GET/,
        aspect: 'link',
        distribution: /\?last=[^&>]+&n=100>/,
        lading: /^<\/v2\/_catalog\?last=[^&>]+>/,
      },
    ],
  },
  {
    id: 'links-of-last-pages',
    what: 'Link of a page that is full, and the last',
    distribution: 'Leads to an empty page',
    lading: 'None',
    why: 'The spec: Link "MAY be included … when additional tags are available"; a look at one more entry saves a request',
    seen: [{ what: /^tags GET.*, a full last page/, aspect: 'link', distribution: /rel="next"$/, lading: /none/ }],
  },
  {
    id: 'catalog-faults',
    what: 'Catalog with a `last` that no folder can have as a name',
    distribution: '500',
    lading: 'What follows it in order',
    why: '`last` need not exist, in tags neither',
    seen: [{ what: /^catalog GET/, distribution: /^500 UNKNOWN$/, lading: /^(200|400 UNSUPPORTED)$/ }],
  },
  {
    id: 'catalog-order',
    what: 'The order of the catalog where one name continues another',
    distribution: 'Component by component: `a`, `a/c`, `a-b`',
    lading: 'As texts: `a`, `a-b`, `a/c`',
    why: 'The order that the spec gives for tags, and that distribution itself has on S3; pages are complete in either order',
    seen: [
      { what: /^catalog GET, names that continue each other/, aspect: /^(body|link)$/, distribution: /./, lading: /./ },
    ],
  },
  {
    id: 'emptied-repositories',
    what: 'A repository whose manifests were all deleted',
    distribution: 'Stays in the catalog',
    lading: 'Leaves the catalog',
    why: 'Nothing can be pulled from it; distribution keeps it because its folder is still there',
    seen: [{ what: /^catalog GET, a repository whose/, aspect: /^(body|link)$/, distribution: /./, lading: /./ }],
  },
  {
    id: 'referrers',
    what: 'Referrers',
    distribution: 'No such endpoint, no OCI-Subject',
    lading: 'Both',
    why: 'The spec, "Listing Referrers" and "Pushing Manifests with Subject"',
    seen: [
      { what: /^referrers /, distribution: /^404 text$/, lading: /^200$/ },
      { what: /^(referrer|manifest) PUT/, aspect: 'oci-subject', distribution: /none/, lading: /^sha256:/ },
    ],
  },
]
