// What the configuration's `middleware.storage` puts around the storage: where clients are sent for content.
import fs from 'node:fs/promises'
import type { KeyObject } from 'node:crypto'
import type { Log } from '../registry/log.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { awsNetworksUrl, followAwsNetworks, type AwsNetworks } from '../storage-drivers/redirects/aws-networks.ts'
import { behindCloudFront, signingKey } from '../storage-drivers/redirects/cloudfront.ts'
import { redirectedTo } from '../storage-drivers/redirects/redirect.ts'
import { rewritten } from '../storage-drivers/redirects/rewrite.ts'
import { isHttpUrl } from './config/options/formats.ts'
import type { Configuration } from './config/schema.ts'

export type StorageMiddleware = Configuration['middleware']['storage'][number]

type Options = StorageMiddleware['options']

interface Place {
  /** What the configuration calls the entry. */
  path: string
  log: Log
}

const leastRefreshMs = 60_000
const leastDurationMs = 1000

/**
 * The driver with everything around it, the first entry innermost; entries that are disabled are left out. Closing it ends what they do in the
 * background. Rejects with a sentence for the operator, and has then closed the driver.
 */
export async function applyStorageMiddleware(
  driver: StorageDriver,
  entries: readonly StorageMiddleware[],
  log: Log,
): Promise<StorageDriver> {
  let wrapped = driver
  try {
    for (const [index, { name, disabled, options }] of entries.entries()) {
      const place = { path: `middleware.storage[${index}]`, log }
      if (!disabled) wrapped = await wrap(wrapped, name, options, place)
    }
    return wrapped
  } catch (error) {
    await wrapped.close()
    throw error
  }
}

/** What would have no effect is told, and left out. */
async function wrap(driver: StorageDriver, name: string, options: Options, place: Place): Promise<StorageDriver> {
  switch (name) {
    case 'redirect':
      return redirectedTo(driver, checkedAddress(options.baseurl, place))
    case 'rewrite':
      if (driver.downloadUrl === undefined) return withoutEffect(driver, name, place, 'has no addresses to rewrite')
      return rewritten(driver, {
        scheme: options.scheme,
        host: checkedHost(options.host, place),
        trimPathPrefix: options.trimpathprefix,
      })
    case 'cloudfront':
      if (driver.bucketKey === undefined) return withoutEffect(driver, name, place, 'is no bucket of S3')
      return throughCloudFront(driver, options, place)
    default:
      throw new Error(`${place.path}.name must be one of redirect, cloudfront, rewrite.`)
  }
}

function withoutEffect(driver: StorageDriver, name: string, { path, log }: Place, reason: string): StorageDriver {
  log.warn({ middleware: path, storage: driver.name }, `${name} has no effect: the storage ${reason}`)
  return driver
}

async function throughCloudFront(driver: StorageDriver, options: Options, place: Place): Promise<StorageDriver> {
  const { baseurl = '', keypairid: keyPairId = '', privatekey = '', duration: durationMs } = options
  const baseUrl = checkedAddress(baseurl.includes('://') ? baseurl : `https://${baseurl}`, place)
  const privateKey = await readKey(privatekey, place)
  if (durationMs < leastDurationMs) {
    throw new Error(
      `${place.path}.options.duration must be at least 1s. An address would be too old before it is used.`,
    )
  }
  const networks = await nearNetworks(options, place)
  return {
    ...behindCloudFront(driver, { baseUrl, keyPairId, privateKey, durationMs, isNear: networks?.has }),
    async close() {
      networks?.close()
      await driver.close()
    },
  }
}

/** Those whose clients go to S3 directly. */
async function nearNetworks(options: Options, { path, log }: Place): Promise<AwsNetworks | undefined> {
  const { ipfilteredby, awsregion, updatefrequency, iprangesurl: url = awsNetworksUrl } = options
  if (ipfilteredby === 'none') return undefined
  // Distribution has the regions in one text, between commas.
  const regions = awsregion.flatMap((names) => names.split(',')).flatMap((name) => name.trim() || [])
  if (ipfilteredby === 'awsregion' && regions.length === 0) {
    throw new Error(`${path}.options.awsregion is missing. Give the regions whose clients are to go to S3 directly.`)
  }
  return followAwsNetworks({
    url,
    regions: ipfilteredby === 'awsregion' ? regions : [],
    refreshMs: Math.max(updatefrequency, leastRefreshMs),
    tell(outcome) {
      const fields = { middleware: path, url, ...outcome }
      if ('failure' in outcome) log.warn(fields, 'the list of AWS networks could not be fetched')
      else if (outcome.networks === 0) log.warn({ ...fields, regions }, 'no AWS network is in these regions')
      else log.info(fields, 'the list of AWS networks was fetched')
    },
  })
}

async function readKey(file: string, { path }: Place): Promise<KeyObject> {
  const pem = await fs.readFile(file, 'utf8').catch((error: Error) => {
    throw new Error(`${path}.options.privatekey: ${file} cannot be read: ${error.message}.`, { cause: error })
  })
  try {
    return signingKey(pem)
  } catch (error) {
    throw new Error(
      `${path}.options.privatekey: ${file} holds no private RSA key that can sign: ${(error as Error).message}. ` +
        'Give the PEM file of the key whose public half CloudFront has.',
      { cause: error },
    )
  }
}

function checkedAddress(address = '', { path }: Place): string {
  if (isHttpUrl(address) && isWellEncoded(new URL(address).pathname)) return address
  throw new Error(`${path}.options.baseurl must be an address such as https://example.com or https://example.com/path.`)
}

function isWellEncoded(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

function checkedHost(host: string | undefined, { path }: Place): string | undefined {
  if (host === undefined || (/^[^/?#@\\]+$/u.test(host) && URL.canParse(`https://${host}/`))) return host
  throw new Error(`${path}.options.host must be a host name, with a port if need be, such as example.com:5443.`)
}
