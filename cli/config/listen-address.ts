/** The address that the registry listens on, out of http.net and http.addr. */
import { parsePort } from './options/formats.ts'
import type { Configuration } from './schema.ts'

/** A TCP port, on every interface when there is no host, or the path of a socket. */
export type ListenAddress = { readonly host?: string; readonly port: number } | { readonly path: string }

export function listenAddress({ http }: Pick<Configuration, 'http'>): ListenAddress {
  return http.net === 'unix' ? { path: http.addr } : checked(http.addr)
}

/** Undefined when there is to be no debug server. */
export function debugAddress({ http }: Pick<Configuration, 'http'>): ListenAddress | undefined {
  return http.debug.addr === undefined ? undefined : checked(http.debug.addr)
}

export function isAddress(text: string): boolean {
  return parsePort(text) !== undefined
}

function checked(text: string): ListenAddress {
  const address = parsePort(text)
  if (address === undefined) throw new Error('An address that was not checked came this far.')
  return address
}
