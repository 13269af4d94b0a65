// Sends clients to another server, which has what is stored under the keys that we store it at.
import type { StorageDriver } from '../driver.ts'
import { encodeKey } from '../s3/sign.ts'

/** The driver that gives `baseUrl` and the key as the address of everything, whatever the storage itself would give. */
export function redirectedTo(driver: StorageDriver, baseUrl: string): StorageDriver {
  const address = addressesBelow(baseUrl)
  return { ...driver, downloadUrl: async (key) => address(key) }
}

/** The address of a key below `baseUrl`, an http or https address with or without a path; no more of it counts. */
export function addressesBelow(baseUrl: string): (key: string) => string {
  const { origin, pathname } = new URL(baseUrl)
  const start = origin + pathname.replace(/\/+$/, '')
  return (key) => `${start}/${encodeKey(key)}`
}
