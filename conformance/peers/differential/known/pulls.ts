/** Pulling blobs and manifests. */
import type { KnownDifference } from './known-difference.ts'

export const pullDifferences: readonly KnownDifference[] = [
  {
    id: 'accept',
    what: 'Accept does not name the type of the stored manifest',
    distribution: '404 for OCI types, also for `*/*`; for a docker list by tag the image for linux/amd64, or 400',
    lading: 'The stored manifest',
    why: 'The spec: Accept is what "the client SHOULD include"; a 404 for content that exists helps nobody, and other bytes have another digest',
    seen: [
      { what: /^manifest (GET|HEAD) by \w+, Accept/, distribution: /^404( MANIFEST_UNKNOWN)?$/, lading: /^200$/ },
      {
        what: /^docker list manifest \w+ by tag, Accept/,
        distribution: /^(400|404)( MANIFEST_INVALID| MANIFEST_UNKNOWN)?$/,
        lading: /^200$/,
      },
      {
        what: /^docker list manifest \w+ by tag, Accept/,
        aspect: /^(content-type|content-length|docker-content-digest|etag|body)$/,
        distribution: /./,
        lading: /./,
      },
    ],
  },
  {
    id: 'immutable',
    what: 'Cache-Control of content asked for by digest',
    distribution: '`max-age=31536000` for blobs, nothing for manifests',
    lading: '`max-age=31536000, immutable` for both',
    why: 'What a digest names never changes (RFC 8246): caches need not ask again',
    seen: [
      {
        aspect: 'cache-control',
        distribution: /^(\(none\)|max-age=31536000)$/,
        lading: /^max-age=31536000, immutable$/,
      },
    ],
  },
  {
    id: 'not-modified-headers',
    what: 'The headers of a 304',
    distribution: 'No ETag and no Docker-Content-Digest for manifests',
    lading: 'Those of the 200',
    why: 'RFC 9110, section 15.4.5: "MUST generate … ETag"',
    seen: [
      {
        what: /If-None-Match/,
        aspect: /^(etag|docker-content-digest|accept-ranges|content-type)$/,
        distribution: /^\(none\)$/,
        lading: /./,
      },
    ],
  },
  {
    id: 'if-none-match',
    what: 'If-None-Match with `*`, a weak tag, several tags (manifests), or without quotes (blobs)',
    distribution: '200, as if it were absent',
    lading: '304',
    why: 'RFC 9110, section 13.1.2 has these forms; the one without quotes is accepted for blobs because distribution accepts it for manifests',
    seen: [{ what: /If-None-Match/, distribution: /^200$/, lading: /^304$/ }],
  },
  {
    id: 'range-of-head',
    what: 'HEAD with Range',
    distribution: '206, 416',
    lading: '200',
    why: 'RFC 9110, section 14.2: "A server MUST ignore a Range header field received with a request method … for which range handling is not defined", and that is all but GET',
    seen: [{ what: /^blob HEAD.*(range|If-Range|suffix)/, distribution: /^(206|416.*)$/, lading: /^200$/ }],
  },
  {
    id: 'odd-ranges',
    what: 'Ranges in another unit, without numbers, in other spelling, or of no bytes',
    distribution: '416 for what it cannot read; 206 for `bytes=-0` and with spaces',
    lading: '200 for what it cannot read, `Bytes` in any spelling; 416 for `bytes=-0`',
    why: 'RFC 9110, section 14.2: an unknown unit MUST be ignored; section 14.1: units are case-insensitive; section 14.1.2: a suffix of 0 is unsatisfiable',
    seen: [
      { what: /^blob GET.*, (a range|ranges) /, distribution: /^416 text$/, lading: /^(200|206)$/ },
      { what: /^blob GET.*, a range (of no bytes|with spaces)/, distribution: /^206$/, lading: /^(200|416)$/ },
      { what: /^blob GET.*, a negative range/, distribution: /^(206|416.*)$/, lading: /^(200|416)$/ },
      { what: /^blob GET.*, a range /, aspect: 'content-range', distribution: /none/, lading: /^bytes \*\// },
    ],
  },
  {
    id: 'range-of-the-empty-blob',
    what: 'A range of the empty blob',
    distribution: '200, or 206 without any byte',
    lading: '416',
    why: 'RFC 9110, section 14.1.2: no range of it is satisfiable',
    seen: [{ what: /^blob GET, the empty blob, /, distribution: /^(200|206)$/, lading: /^416$/ }],
  },
  {
    id: 'unsatisfiable-as-text',
    what: 'The body of a 416 to a pull',
    distribution: 'A sentence as plain text',
    lading: 'Nothing',
    why: 'Content-Range tells the size, which is all that a client needs',
    seen: [{ what: /^blob GET/, distribution: /^416 text$/, lading: /^416$/ }],
  },
  {
    id: 'failed-preconditions',
    what: 'If-Match that does not name the digest',
    distribution: 'For a blob 412 that announces its length, and then a cut connection; for a manifest 200',
    lading: '412 with the JSON error envelope',
    why: 'RFC 9110, section 13.1.1: "the origin server MUST NOT perform the requested method"; a tag may have moved since',
    seen: [
      { what: /^blob GET.*, If-Match/, distribution: /^(412|cut .*)$/, lading: /^412 DENIED$/ },
      { what: /^blob HEAD.*, If-Match/, aspect: 'content-type', distribution: /octet-stream$/, lading: /json$/ },
      { what: /manifest (GET|HEAD) .*, If-Match/, distribution: /^200$/, lading: /^412( DENIED)?$/ },
    ],
  },
  {
    id: 'sha512-blobs',
    what: 'Blobs pushed under a sha512 digest',
    distribution: 'Answered, and stored, under their sha256 digest',
    lading: 'Answered, and stored, under the digest that the client gave',
    why: 'The spec lets the digests differ; clients compare them, and garbage collection must find what manifests name',
    seen: [
      {
        what: /sha512|^upload PUT/,
        aspect: /^(docker-content-digest|etag|location)$/,
        distribution: /sha256:/,
        lading: /sha512:/,
      },
      { what: /, the sha256 of a sha512 push/, distribution: /^200$/, lading: /^404( BLOB_UNKNOWN)?$/ },
    ],
  },
]
