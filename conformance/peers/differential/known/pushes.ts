/** Uploads, mounts and manifests pushed. */
import type { KnownDifference } from './known-difference.ts'

export const pushDifferences: readonly KnownDifference[] = [
  {
    id: 'unsigned-uploads',
    what: 'An upload asked for without its signed `_state`, or with one that is broken or old',
    distribution: '404 BLOB_UPLOAD_INVALID; 416 for an old one',
    lading: 'Works: the storage knows how far the upload is',
    why: 'The spec: a status can be asked for at the URL "from any preceding `POST` or `PATCH`"; replicas with different secrets are a usual cause of failed pushes',
    seen: [
      {
        what: /^upload \w+, (without|with a broken) state/,
        distribution: /^404( BLOB_UPLOAD_INVALID)?$/,
        lading: /^(2\d\d|400 DIGEST_INVALID)$/,
      },
      { what: /^upload PATCH, with an old state/, distribution: /^416 RANGE_INVALID$/, lading: /^202$/ },
    ],
  },
  {
    id: 'unknown-uploads',
    what: 'An upload that does not exist, or belongs to another repository',
    distribution: '404 BLOB_UPLOAD_INVALID where its state does not fit, else 404 BLOB_UPLOAD_UNKNOWN',
    lading: '404 BLOB_UPLOAD_UNKNOWN, for PUT without a digest 400 DIGEST_INVALID',
    why: "The spec's code for an upload that is not known",
    seen: [
      { what: /^uploads? /, distribution: /^404 BLOB_UPLOAD_INVALID$/, lading: /^404 BLOB_UPLOAD_UNKNOWN$/ },
      { what: /^uploads PUT/, distribution: /^404 BLOB_UPLOAD_INVALID$/, lading: /^400 DIGEST_INVALID$/ },
    ],
  },
  {
    id: 'odd-content-ranges',
    what: 'PATCH with a Content-Range that is no range',
    distribution: '500 UNKNOWN',
    lading: '416',
    why: 'The spec: "MUST match the following regular expression"; a 500 is for faults of the registry',
    seen: [
      { what: /^upload PATCH, a range /, distribution: /^500 UNKNOWN$/, lading: /^(416 BLOB_UPLOAD_INVALID|202)$/ },
    ],
  },
  {
    id: 'types-of-chunks',
    what: 'PATCH with a Content-Type other than application/octet-stream',
    distribution: '500 UNKNOWN',
    lading: 'Accepted',
    why: 'The bytes are what counts: the digest proves them',
    seen: [{ what: /^upload PATCH, of another type/, distribution: /^500 UNKNOWN$/, lading: /^202$/ }],
  },
  {
    id: 'last-chunk-out-of-order',
    what: 'PUT with a Content-Range that does not continue the upload',
    distribution: 'Appended wherever it says that it belongs',
    lading: '416',
    why: 'The spec: "If a chunk is uploaded out of order, the registry MUST respond with a 416"',
    seen: [
      {
        what: /^upload PUT, out of order/,
        distribution: /^(201|400 DIGEST_INVALID)$/,
        lading: /^416 BLOB_UPLOAD_INVALID$/,
      },
    ],
  },
  {
    id: 'failed-uploads-end',
    what: 'PUT with a digest that the bytes have not got',
    distribution: '400, and the upload stays',
    lading: '400, and the upload is gone',
    why: 'Its bytes are proven to be wrong: going on with them cannot end well',
    seen: [
      {
        what: /^upload \w+, after its end/,
        distribution: /^(20[124]|400 DIGEST_INVALID|416.*)$/,
        lading: /^404( BLOB_UPLOAD_UNKNOWN)?$/,
      },
    ],
  },
  {
    id: 'repeated-put',
    what: 'The PUT that ended an upload, once more',
    distribution: '404',
    lading: '201',
    why: 'A client that lost the first answer asks again; the blob is there',
    seen: [
      { what: /^upload PUT, after its end/, distribution: /^404 BLOB_UPLOAD_(UNKNOWN|INVALID)$/, lading: /^201$/ },
    ],
  },
  {
    id: 'id-of-cancelled-uploads',
    what: 'Docker-Upload-UUID in the answer to a cancelled upload',
    distribution: 'Sent',
    lading: 'Not sent',
    why: 'The upload is no more',
    seen: [{ what: /^upload DELETE/, aspect: 'docker-upload-uuid', distribution: /<id>/, lading: /none/ }],
  },
  {
    id: 'whole-blob-in-a-post',
    what: 'POST with `digest` and the bytes of a blob',
    distribution: '202: another upload begins, the bytes are dropped',
    lading: '201, or 400 when the bytes have another digest',
    why: 'The spec, "Single POST"',
    seen: [
      { what: /^upload POST, (a whole blob|a digest)/, distribution: /^202$/, lading: /^(201|400 DIGEST_INVALID)$/ },
      { what: /^blob GET, after upload POST, a whole blob/, distribution: /^404/, lading: /^200$/ },
    ],
  },
  {
    id: 'digest-algorithm',
    what: 'POST with a `digest-algorithm` that is not supported',
    distribution: 'The parameter is ignored: 202',
    lading: '400 DIGEST_INVALID',
    why: 'The spec: for "an unsupported algorithm, the registry SHOULD respond with a response code `400 Bad Request`"',
    seen: [{ what: /^upload POST, digest-algorithm=md5/, distribution: /^202$/, lading: /^400 DIGEST_INVALID$/ }],
  },
  {
    id: 'mount-from-anywhere',
    what: '`mount` without `from`',
    distribution: '202: an upload begins',
    lading: '201 when the registry has the blob',
    why: 'The spec: "The registry MAY treat the `from` parameter as optional, and it MAY cross-mount the blob"',
    seen: [
      { what: /^mount POST, from nowhere$/, distribution: /^202$/, lading: /^201$/ },
      { what: /^blob (GET|HEAD), mounted, from nowhere/, distribution: /^404( BLOB_UNKNOWN)?$/, lading: /^200$/ },
    ],
  },
  {
    id: 'odd-mounts',
    what: '`mount` or `from` that is no digest or no name',
    distribution: '202: an upload begins',
    lading: '400',
    why: 'The client has a mistake, and would otherwise push again what it meant to mount',
    seen: [{ what: /^mount POST, /, distribution: /^202$/, lading: /^400 (DIGEST|NAME)_INVALID$/ }],
  },
  {
    id: 'sha512-manifests',
    what: 'A manifest pushed under its sha512 digest',
    distribution: '400 DIGEST_INVALID',
    lading: '201',
    why: 'image-spec registers both algorithms, and Lading computes both',
    seen: [{ what: /^manifest PUT, a sha512 digest/, distribution: /^400 DIGEST_INVALID$/, lading: /^201$/ }],
  },
  {
    id: 'types-of-manifests',
    what: 'A manifest without Content-Type, or of a media type that is neither of OCI nor of docker',
    distribution: '400 MANIFEST_INVALID',
    lading: '201, of the type in its `mediaType`',
    why: "The header is what a client SHOULD send. Any type is stored as it is; note that distribution's garbage-collect stops at a type that it does not know",
    seen: [
      {
        what: /^manifest PUT, (no Content-Type|a type of its own)/,
        distribution: /^400 MANIFEST_INVALID$/,
        lading: /^201$/,
      },
    ],
  },
  {
    id: 'faulty-manifests',
    what: 'Manifests with fields that are missing, of another kind, or out of range',
    distribution: '500 UNKNOWN, or 400 with other codes; accepted without size or mediaType, and with a negative size',
    lading: '400 MANIFEST_INVALID',
    why: 'image-spec: descriptors have `mediaType`, `digest` and `size`; schemaVersion "MUST be 2"',
    seen: [
      {
        what: /^(manifest|index) PUT, /,
        distribution: /^(201|500 UNKNOWN.*|400 .*MANIFEST_BLOB_UNKNOWN.*)$/,
        lading: /^400 MANIFEST_INVALID$/,
      },
    ],
  },
  {
    id: 'foreign-layers',
    what: 'A layer with `urls`, or that is not distributable, while validation.manifests.urls is not configured',
    distribution: '500, 400',
    lading: '201; such a layer need not be in the repository',
    why: 'image-spec lets such layers live elsewhere; `validation.manifests.urls` says where, and is obeyed when it is configured',
    seen: [
      {
        what: /^manifest PUT, a layer (with an address|that is not)/,
        distribution: /^(500 UNKNOWN|400 ).*$/,
        lading: /^201$/,
      },
    ],
  },
  {
    id: 'caches-as-indexes',
    what: 'An index that lists blobs',
    distribution: '400 MANIFEST_BLOB_UNKNOWN',
    lading: '201 when the repository has the blobs',
    why: 'BuildKit exports its cache in this form',
    seen: [{ what: /^index PUT, a blob as child/, distribution: /^400 MANIFEST_BLOB_UNKNOWN$/, lading: /^201$/ }],
  },
  {
    id: 'large-manifests',
    what: 'A manifest of more than 4 MiB',
    distribution: '400 MANIFEST_INVALID',
    lading: '413',
    why: 'The spec: it "SHOULD respond … with a response code `413 Payload Too Large`"',
    seen: [{ what: /^manifest PUT, of more than 4 MiB/, distribution: /^400 MANIFEST_INVALID$/, lading: /^413 / }],
  },
  {
    id: 'refused-manifests-leave-nothing',
    what: 'A manifest refused for the digest it was pushed under',
    distribution: 'Is in the repository all the same, under its own digest',
    lading: 'Is not',
    why: 'What was refused was not pushed',
    seen: [
      { what: /^manifest (GET|DELETE), after a refusal/, distribution: /^20[02]$/, lading: /^404 MANIFEST_UNKNOWN$/ },
    ],
  },
]
