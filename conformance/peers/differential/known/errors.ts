/** How errors are told, and what is refused by its form alone. */
import type { KnownDifference } from './known-difference.ts'

export const errorDifferences: readonly KnownDifference[] = [
  {
    id: 'errors-as-json',
    what: 'A path that is no endpoint, or a method that an endpoint has not got',
    distribution: 'Plain text: `404 page not found`, `Method not allowed`',
    lading: 'The JSON error envelope',
    why: 'Clients show its message; the spec allows any format, and has this one for programs',
    seen: [
      { distribution: /^404 text$/, lading: /^404( (UNSUPPORTED|MANIFEST_UNKNOWN|BLOB_UPLOAD_UNKNOWN))?$/ },
      { distribution: /^405 text$/, lading: /^405( UNSUPPORTED)?$/ },
      { distribution: /^400 text$/, lading: /^400 UNSUPPORTED$/ },
    ],
  },
  {
    id: 'invalid-names',
    what: 'A repository name outside the grammar, also by its length',
    distribution: '404 as plain text; 500 where a folder of that length cannot be made',
    lading: '400 NAME_INVALID',
    why: 'The spec: a name "MUST match the following regular expression"; 404 would say that it could exist. Names end at 255 characters, the limit that clients have',
    seen: [
      { what: /, a name (?!of 2|of 3)/, distribution: /^404 text$/, lading: /^400( NAME_INVALID)?$/ },
      { what: /, a name of (256|300) /, distribution: /^(202|404.*|500.*)$/, lading: /^400( NAME_INVALID)?$/ },
      { what: /^path GET, a zero byte/, distribution: /^404 text$/, lading: /^400 NAME_INVALID$/ },
    ],
  },
  {
    id: 'invalid-digests',
    what: 'A digest of another length, another alphabet, or an algorithm other than sha256 and sha512',
    distribution: '500 UNKNOWN for manifests; 404 for sha384 and where the path has no hash',
    lading: '400 DIGEST_INVALID',
    why: 'The spec has the code DIGEST_INVALID for it, and a 500 is for faults of the registry',
    seen: [
      {
        what: /^(blob|manifest) (GET|HEAD|DELETE|PUT), a digest /,
        distribution: /^(404( \w+)?|500( UNKNOWN)?)$/,
        lading: /^400( DIGEST_INVALID)?$/,
      },
      { what: /^path GET, no digest/, distribution: /^404 text$/, lading: /^400 DIGEST_INVALID$/ },
    ],
  },
  {
    id: 'invalid-tags',
    what: 'A push to a tag outside the grammar',
    distribution: '404 as plain text',
    lading: '400 TAG_INVALID',
    why: 'Nothing is missing: the request is wrong, and the code says in what',
    seen: [{ what: /^manifest PUT, a tag /, distribution: /^404 text$/, lading: /^400 TAG_INVALID$/ }],
  },
  {
    id: 'codes-of-the-specification',
    what: 'Codes that distribution has and the spec has not',
    distribution: '416 RANGE_INVALID, 400 PAGINATION_NUMBER_INVALID',
    lading: '416 BLOB_UPLOAD_INVALID, 400 UNSUPPORTED',
    why: 'The spec: "The `code` field MUST be one of the following", and these are not; clients read the status',
    seen: [
      { what: /^upload/, distribution: /^416 RANGE_INVALID$/, lading: /^416 BLOB_UPLOAD_INVALID$/ },
      { what: /, n /, distribution: /^400 PAGINATION_NUMBER_INVALID$/, lading: /^400 UNSUPPORTED$/ },
    ],
  },
  {
    id: 'methods',
    what: 'A method that an address does not support',
    distribution:
      '200 for every method on `/v2/`; POST on an upload begins another one; other methods on `…/uploads/` answer 404',
    lading: '405 with Allow',
    why: 'RFC 9110, section 15.5.6: that is what 405 is for',
    seen: [
      { what: /^base \w+/, distribution: /^200$/, lading: /^405( UNSUPPORTED)?$/ },
      {
        what: /^uploads? (POST|PUT|PATCH|DELETE|GET|HEAD)/,
        distribution: /^(202|404.*)$/,
        lading: /^405( UNSUPPORTED)?$/,
      },
      {
        what: /^uploads? /,
        aspect: 'allow',
        distribution: /^DELETE, GET, HEAD, PATCH, POST, PUT$/,
        lading: /^(POST|DELETE, GET, HEAD, PATCH, PUT)$/,
      },
    ],
  },
  {
    id: 'options',
    what: 'OPTIONS',
    distribution: '200; for unknown uploads 404',
    lading: '204 with Allow',
    why: 'There is no content; browsers take either',
    seen: [{ what: /\bOPTIONS\b/, distribution: /^(200|301|404.*)$/, lading: /^204$/ }],
  },
  {
    id: 'head-of-lists',
    what: 'HEAD on the catalog and on lists of tags',
    distribution: '405',
    lading: 'What GET answers, without the body',
    why: 'RFC 9110, section 9.1: "All general-purpose servers MUST support the methods GET and HEAD"',
    seen: [
      { what: /^(catalog|tags) HEAD/, distribution: /^405/, lading: /^(200|400|404)$/ },
      { what: /^(catalog|tags) /, aspect: 'allow', distribution: /^GET$/, lading: /^GET, HEAD$/ },
    ],
  },
  {
    id: 'parameters-given-twice',
    what: 'A query parameter that makes sense once, such as `digest`, given twice',
    distribution: 'The first one counts',
    lading: '400 UNSUPPORTED',
    why: 'A proxy in front may have looked at the other one',
    seen: [{ what: /^upload PUT, the digest twice/, distribution: /^201$/, lading: /^400 UNSUPPORTED$/ }],
  },
  {
    id: 'paths-are-not-rewritten',
    what: 'Paths with two slashes, `.` or `..`, or a slash too many or too few',
    distribution: '301 to the path that it takes it for',
    lading: '400 or 404; `…/uploads` without the last slash begins an upload',
    why: 'Clients turn a redirected POST or PUT into a GET, and what is not in the grammar is no name',
    seen: [
      { distribution: /^301$/, lading: /^(40[045]( UNSUPPORTED| NAME_INVALID)?|202)$/ },
      { what: /^path GET, an encoded slash/, distribution: /^200$/, lading: /^400 NAME_INVALID$/ },
    ],
  },
  {
    id: 'outside-of-v2',
    what: 'Paths outside of `/v2/`',
    distribution: 'Docker-Distribution-Api-Version also on 404, and not on 400',
    lading: 'The header on everything below `/v2/` and nowhere else',
    why: 'It says that this address speaks the protocol',
    seen: [
      { what: /^path /, aspect: 'docker-distribution-api-version', distribution: /./, lading: /./ },
      { what: /^path GET, the root/, aspect: 'content-type', distribution: /none/, lading: /^text\/plain/ },
    ],
  },
]
