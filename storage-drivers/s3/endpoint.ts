// Where the bucket is, in which region, and with which credentials: what the AWS SDK knows better than we do.
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { StorageError } from '../storage-error.ts'
import type { S3Options } from './options.ts'
import type { Credentials } from './sign.ts'

export interface Endpoint {
  /** Scheme, host and port. */
  origin: URL
  /** What every key's path begins with: empty, or the bucket. Encoded, without a slash at its end. */
  pathPrefix: string
  region: string
  service: string
  /** Kept and renewed before they expire; `renew` asks the source again. */
  credentials(renew?: boolean): Promise<Credentials>
}

/** Servers that are not Amazon have no regions, but signatures need one. */
const regionOfOthers = 'us-east-1'

/** Rejects when there is no region, or no bucket of this name can exist. */
export async function resolveEndpoint(options: S3Options): Promise<Endpoint> {
  const custom = customEndpoint(options)
  const forcePathStyle = options.forcePathStyle ?? custom !== undefined
  const region = options.region ?? (custom === undefined ? undefined : regionOfOthers)
  if (custom !== undefined && forcePathStyle && region !== undefined && options.accessKey && options.secretKey) {
    return plainEndpoint(new URL(custom), region, options)
  }
  const settings: S3ClientConfig & { ignoreCache: boolean } = {
    // A file of credentials is read again when they are renewed: somebody else has written new ones there.
    ignoreCache: true,
    ...(region === undefined ? {} : { region }),
    ...(custom === undefined ? {} : { endpoint: custom }),
    ...(options.accessKey === undefined || options.secretKey === undefined
      ? {}
      : { credentials: { accessKeyId: options.accessKey, secretAccessKey: options.secretKey } }),
  }
  // Only for who needs it: it costs each process 30 MB and a tenth of a second.
  const { S3Client } = await import('@aws-sdk/client-s3')
  const { config } = new S3Client(settings)
  const { url, properties } = config.endpointProvider(
    {
      Bucket: options.bucket,
      Region: await config.region(),
      UseFIPS: options.fips,
      UseDualStack: options.dualStack,
      Accelerate: options.accelerate,
      ForcePathStyle: forcePathStyle,
      ...(custom === undefined ? {} : { Endpoint: custom }),
    },
    {},
  )
  const scheme = (properties?.['authSchemes'] as { signingRegion?: string; signingName?: string }[] | undefined)?.[0]
  return {
    origin: new URL(url.origin),
    pathPrefix: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''),
    region: scheme?.signingRegion ?? (await config.region()),
    service: scheme?.signingName ?? 's3',
    async credentials(renew = false) {
      try {
        return await config.credentials(renew ? { forceRefresh: true } : {})
      } catch (error) {
        throw new StorageError('denied', `no credentials for S3 could be had: ${(error as Error).message}`, {
          cause: error,
        })
      }
    },
  }
}

/** A server of one's own with keys that stay: nothing to find out. */
function plainEndpoint(url: URL, region: string, { bucket, accessKey, secretKey }: S3Options): Endpoint {
  const credentials = { accessKeyId: accessKey ?? '', secretAccessKey: secretKey ?? '' }
  return {
    origin: new URL(url.origin),
    pathPrefix: `${url.pathname.replace(/\/+$/, '')}/${bucket}`,
    region,
    service: 's3',
    credentials: () => Promise.resolve(credentials),
  }
}

function customEndpoint({ endpoint, secure }: S3Options): string | undefined {
  if (endpoint === undefined || /^https?:\/\//.test(endpoint)) return endpoint
  return `${secure ? 'https' : 'http'}://${endpoint}`
}
