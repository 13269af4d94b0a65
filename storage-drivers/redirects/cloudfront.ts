// Sends clients to CloudFront, with addresses that it takes for a while ("Create a signed URL using a canned policy" of its Developer Guide).
import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { StorageDriver } from '../driver.ts'
import { addressesBelow } from './redirect.ts'

export interface CloudFrontOptions {
  /** Where CloudFront serves the bucket: an http or https address. */
  baseUrl: string
  keyPairId: string
  privateKey: KeyObject
  /** How long an address is good. */
  durationMs: number
  /** Clients that get what the driver itself gives. */
  isNear?: ((address: string) => boolean) | undefined
}

// What CloudFront asks for, as weak as SHA-1 is.
const algorithm = 'RSA-SHA1'
const signAside = promisify(sign)

/** A driver that cannot say what the bucket calls a key is returned as it is. */
export function behindCloudFront(driver: StorageDriver, options: CloudFrontOptions): StorageDriver {
  const bucketKey = driver.bucketKey?.bind(driver)
  if (bucketKey === undefined) return driver
  const own = driver.downloadUrl?.bind(driver)
  const addressOf = addressesBelow(options.baseUrl)
  return {
    ...driver,
    async downloadUrl(key, lifetimeSeconds, client) {
      if (options.isNear?.(client.address)) return own?.(key, lifetimeSeconds, client)
      return signed(addressOf(bucketKey(key)), options)
    },
  }
}

async function signed(address: string, { keyPairId, privateKey, durationMs }: CloudFrontOptions): Promise<string> {
  const expires = Math.floor((Date.now() + durationMs) / 1000)
  // CloudFront makes this text again from the request, so every byte counts: no spaces, this order.
  const policy = `{"Statement":[{"Resource":"${address}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`
  // Beside the event loop: it takes a millisecond and more.
  const signature = await signAside(algorithm, Buffer.from(policy), privateKey)
  return `${address}?Expires=${expires}&Signature=${inQuery(signature)}&Key-Pair-Id=${encodeURIComponent(keyPairId)}`
}

const substitutes: Readonly<Record<string, string>> = { '+': '-', '=': '_', '/': '~' }

/** CloudFront's base64, which is not base64url. */
function inQuery(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll(/[+=/]/g, (sign) => substitutes[sign] as string)
}

/** The RSA key in a PEM text, PKCS#1 or PKCS#8. Throws an error that says what is there instead, or that it cannot sign. */
export function signingKey(pem: string): KeyObject {
  const key = privateKeyIn(pem)
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`it is of type ${key.asymmetricKeyType ?? 'unknown'}, not RSA`)
  // Systems may forbid SHA-1: better told now than to every client.
  sign(algorithm, Buffer.alloc(0), key)
  return key
}

function privateKeyIn(pem: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(pem)) throw new Error('it is protected by a password')
  try {
    return createPrivateKey(pem)
  } catch (error) {
    // OpenSSL says only that it found no decoder.
    throw new Error('it is no private key in PEM form', { cause: error })
  }
}
