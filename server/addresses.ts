// The addresses that we hand out: of this registry as the client reached it, or as the operator says.
import type { IncomingMessage } from 'node:http'
import type { Digest } from '../registry/digest.ts'
import type { Reference, RepositoryName, UploadId } from '../registry/names.ts'
import { signedUploadState } from './wire/upload-state.ts'

/** In the addresses of uploads. */
export const versionParameter = '_version'

export interface AddressOptions {
  /** Path before `/v2/`, beginning and ending in `/` (http.prefix). */
  prefix: string
  /** Scheme and host that all addresses begin with (http.host); beats what a request says. */
  host: string | undefined
  /** Whether addresses without `host` are paths alone (http.relativeurls), which every client resolves against what it asked. */
  relative: boolean
  /** Signs upload locations for a CNCF distribution beside us (http.secret); absent, they carry nothing. */
  secret?: string | undefined
  /** Whether the peer's X-Forwarded-* and Forwarded headers are believed (http.trustedproxies). */
  isTrustedProxy: (address: string) => boolean
}

export interface Addresses {
  prefix: string
  blob(request: IncomingMessage, repository: RepositoryName, digest: Digest): string
  manifest(request: IncomingMessage, repository: RepositoryName, reference: Reference): string
  /** `version`: what the next request should tell us of the upload, if anything. */
  upload(
    request: IncomingMessage,
    position: { repository: RepositoryName; id: UploadId; size: number; version?: string | undefined },
  ): string
  /** The client's own address: the peer's, or what a trusted proxy says; `-` on a unix socket. */
  client(request: IncomingMessage): string
}

export function createAddresses(options: AddressOptions): Addresses {
  const v2 = `${options.prefix}v2/`

  function origin(request: IncomingMessage): string {
    if (options.host !== undefined) return options.host.replace(/\/+$/, '')
    if (options.relative) return ''
    const isTls = 'encrypted' in request.socket
    const forwarded = isTrusted(request) ? forwardedOrigin(request) : {}
    const host = forwarded.host ?? request.headers.host
    return host === undefined ? '' : `${forwarded.protocol ?? (isTls ? 'https' : 'http')}://${host}`
  }

  function isTrusted(request: IncomingMessage): boolean {
    return options.isTrustedProxy(request.socket.remoteAddress ?? '')
  }

  return {
    prefix: options.prefix,
    blob: (request, repository, digest) => `${origin(request)}${v2}${repository}/blobs/${digest}`,
    manifest: (request, repository, reference) => `${origin(request)}${v2}${repository}/manifests/${reference}`,
    upload(request, position) {
      const { repository, id, version } = position
      const query = [
        ...(options.secret === undefined ? [] : [`_state=${signedUploadState(options.secret, position)}`]),
        ...(version === undefined ? [] : [`${versionParameter}=${encodeURIComponent(version)}`]),
      ].join('&')
      return `${origin(request)}${v2}${repository}/blobs/uploads/${id}${query === '' ? '' : `?${query}`}`
    },
    client(request) {
      const peer = request.socket.remoteAddress ?? '-'
      return (isTrusted(request) ? firstOf(request.headers['x-forwarded-for']) : undefined) ?? peer
    },
  }
}

function forwardedOrigin(request: IncomingMessage): { protocol?: string; host?: string } {
  const forwarded = firstOf(request.headers.forwarded) ?? ''
  const protocol = parameterOf(forwarded, 'proto') ?? firstOf(request.headers['x-forwarded-proto'])
  const host = parameterOf(forwarded, 'host') ?? firstOf(request.headers['x-forwarded-host'])
  return { ...(protocol === undefined ? {} : { protocol }), ...(host === undefined ? {} : { host }) }
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.split(',', 1)[0]?.trim()
  return value === '' ? undefined : value
}

function parameterOf(forwarded: string, name: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*${name}="?([^";]+)"?`, 'i').exec(forwarded)?.[1]
}
