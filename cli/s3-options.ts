// The configuration's `storage.s3` as the driver wants it.
import type { S3Options } from '../storage-drivers/s3/options.ts'
import type { Configuration } from './config/schema.ts'

const mebibyte = 1024 * 1024

export function s3Options(s3: NonNullable<Configuration['storage']['s3']>): S3Options {
  return {
    bucket: s3.bucket,
    region: s3.region,
    endpoint: s3.regionendpoint,
    forcePathStyle: s3.forcepathstyle,
    accessKey: s3.accesskey,
    secretKey: s3.secretkey,
    rootDirectory: s3.rootdirectory,
    encrypt: s3.encrypt,
    kmsKeyId: s3.keyid,
    storageClass: s3.storageclass,
    acl: s3.objectacl,
    userAgent: s3.useragent,
    secure: s3.secure,
    skipVerify: s3.skipverify,
    dualStack: s3.usedualstack,
    accelerate: s3.accelerate,
    fips: s3.usefipsendpoint,
    partBytes: s3.chunksize,
    copyPartBytes: s3.multipartcopychunksize,
    copiesAtOnce: s3.multipartcopymaxconcurrency,
    copyThresholdBytes: s3.multipartcopythresholdsize,
    redirectEndpoint: s3.redirectendpoint,
    uploadMemoryBytes: s3.uploadmemory * mebibyte,
  }
}
