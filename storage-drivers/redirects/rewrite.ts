// Changes the addresses that the storage gives to clients: for a bucket that they reach under another name than we do.
import type { StorageDriver } from '../driver.ts'
import { encodeKey } from '../s3/sign.ts'

/** What is left out stays as the storage gave it. */
export interface Rewriting {
  scheme?: string | undefined
  /** With the port, if need be: the one of the storage is not kept. */
  host?: string | undefined
  /** Cut off the path, where it begins so. */
  trimPathPrefix?: string | undefined
}

/**
 * The driver with other addresses. A driver that gives none gives none. Signatures are not made again: whether they still hold is up to
 * the server at the new address, which may put back what was changed.
 */
export function rewritten(driver: StorageDriver, rewriting: Rewriting): StorageDriver {
  const address = driver.downloadUrl?.bind(driver)
  if (address === undefined) return driver
  return {
    ...driver,
    async downloadUrl(key, lifetimeSeconds, client) {
      const given = await address(key, lifetimeSeconds, client)
      return given === undefined ? undefined : rewrite(given, rewriting)
    },
  }
}

// Taken apart by hand: URL would keep the old port beside a new host, and drop one that is the scheme's own.
const parts = /^([a-z]+):\/\/([^/?#]*)([^?#]*)(.*)$/i

function rewrite(address: string, { scheme, host, trimPathPrefix = '' }: Rewriting): string {
  const [, givenScheme = '', givenHost = '', path = '', rest = ''] = parts.exec(address) ?? []
  return `${scheme ?? givenScheme}://${host ?? givenHost}${trimmed(path, trimPathPrefix)}${rest}`
}

/** The prefix is plain text, as in the configuration; the path is encoded, as in an address. */
function trimmed(path: string, prefix: string): string {
  const plain = decodeURIComponent(path)
  if (prefix === '' || !plain.startsWith(prefix)) return path
  const left = encodeKey(plain.slice(prefix.length))
  return left === '' || left.startsWith('/') ? left : `/${left}`
}
