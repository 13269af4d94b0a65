/** The options of `storage.s3`. */
import {
  count,
  flag,
  oneOfOr,
  optionalFlag,
  optionalSection,
  optionalText,
  requiredText,
  secretText,
  text,
} from '../option-kinds.ts'
import { urlSchema } from './formats.ts'

const megabyte = 1024 * 1024

/** What S3 itself allows a part of an upload to be. */
const partBounds = { least: 5 * megabyte, most: 5 * 1024 * megabyte }

export const s3Options = optionalSection(
  {
    bucket: requiredText('The bucket.', "Give the bucket's name, or remove storage.s3 to store in a folder."),
    region: optionalText('The region of the bucket; may be left out when regionendpoint is given.'),
    regionendpoint: optionalText('The address of an S3 server that is not Amazon, such as http://minio:9000.'),
    forcepathstyle: optionalFlag(
      'Puts the bucket into the path of the address instead of its host name. By default on with regionendpoint, off without.',
    ),
    accesskey: secretText('The access key; without it and secretkey the usual AWS sources of credentials are asked.'),
    secretkey: secretText('The secret key that belongs to accesskey.'),
    encrypt: flag(false, 'Asks S3 to encrypt what it stores.'),
    keyid: optionalText('The KMS key to encrypt with; without it S3 uses its own.'),
    secure: flag(true, 'Speaks https where regionendpoint names no scheme.'),
    skipverify: flag(false, 'Accepts any TLS certificate of the S3 server; for tests only.'),
    v4auth: flag(true, 'Signs requests in version 4 of the AWS scheme; nothing else is supported.'),
    chunksize: count(16 * megabyte, 'The size of the parts of an upload, in bytes.', partBounds),
    multipartcopychunksize: count(32 * megabyte, 'The size of the parts when S3 copies, in bytes.', partBounds),
    multipartcopymaxconcurrency: count(100, 'How many parts S3 copies at the same time.', { least: 1 }),
    multipartcopythresholdsize: count(64 * megabyte, 'Objects up to this many bytes are copied in one request.', {
      most: partBounds.most,
    }),
    rootdirectory: text('', 'The prefix of all keys in the bucket.'),
    storageclass: oneOfOr(
      [
        'STANDARD',
        'REDUCED_REDUNDANCY',
        'STANDARD_IA',
        'ONEZONE_IA',
        'INTELLIGENT_TIERING',
        'OUTPOSTS',
        'GLACIER_IR',
        'EXPRESS_ONEZONE',
        'NONE',
      ],
      'STANDARD',
      'The storage class of new objects; NONE sends no such header, for servers that do not know it.',
    ),
    objectacl: oneOfOr(
      [
        'private',
        'public-read',
        'public-read-write',
        'authenticated-read',
        'aws-exec-read',
        'bucket-owner-read',
        'bucket-owner-full-control',
      ],
      'private',
      'The access list of new objects.',
    ),
    useragent: optionalText('The User-Agent of requests to S3.'),
    usedualstack: flag(false, 'Uses the addresses of AWS that speak IPv6 too.'),
    accelerate: flag(false, 'Uses S3 Transfer Acceleration.'),
    usefipsendpoint: flag(false, 'Uses the FIPS addresses of AWS.'),
    loglevel: text('off', 'Accepted for compatibility: how much of the traffic with S3 distribution logs.'),
    uploadmemory: count(
      64,
      'Memory for the parts of all uploads of a process, in MiB; when it is used up, clients are read from more slowly.',
      { least: 32 },
    ),
    redirectendpoint: optionalText(
      'Scheme and host that clients are redirected to, where they find the S3 server by another name than the registry.',
      urlSchema,
    ),
  },
  'Stores in an S3 bucket.',
)
