// What the S3 driver is told: distribution's parameters, as parsed by cli/config.

export interface S3Options {
  bucket: string
  /** May be absent where `endpoint` is given. */
  region: string | undefined
  /** The address of a server that is not Amazon: scheme and host, or host alone. */
  endpoint: string | undefined
  /** The bucket in the path instead of in the host name. By default only with an endpoint of one's own. */
  forcePathStyle: boolean | undefined
  /** Without both, the SDK's chain of sources is asked: environment, web identity, profile, container, instance. */
  accessKey: string | undefined
  secretKey: string | undefined
  /** Prefix of all keys. */
  rootDirectory: string
  /** Server-side encryption, with this KMS key if there is one. */
  encrypt: boolean
  kmsKeyId: string | undefined
  storageClass: string
  acl: string
  userAgent: string | undefined
  /** https where the endpoint names no scheme. */
  secure: boolean
  /** Accepts any certificate. */
  skipVerify: boolean
  dualStack: boolean
  accelerate: boolean
  fips: boolean
  /** Size of an upload's parts, in bytes. */
  partBytes: number
  copyPartBytes: number
  copiesAtOnce: number
  /** Objects up to this size are copied in one request, in bytes. */
  copyThresholdBytes: number
  /** Scheme and host of addresses that clients are sent to, instead of those of the endpoint. */
  redirectEndpoint: string | undefined
  /** Memory for the parts of all uploads of this process, in bytes. */
  uploadMemoryBytes: number
}
