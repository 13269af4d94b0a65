// The object graph above the storage: the only place that constructs the registry, its app and its server.
import fs from 'node:fs'
import { BlockList, isIP } from 'node:net'
import type Koa from 'koa'
import type { Cache } from '../coordination/cache.ts'
import type { Locker } from '../coordination/locker.ts'
import type { Log } from '../registry/log.ts'
import type { ManifestRules } from '../registry/manifest-rules.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { createAddresses } from '../server/addresses.ts'
import { createApp } from '../server/app.ts'
import type { Health } from '../server/health.ts'
import { createHttpServer, type HttpServer, type TlsSettings } from '../server/http-server.ts'
import type { Metrics } from '../server/metrics.ts'
import type { StorageDriver } from '../storage-drivers/driver.ts'
import { measured } from '../storage-drivers/measured.ts'
import { openSslNames } from './config/cipher-suites.ts'
import { compileGoRegExp } from './config/go-regexp.ts'
import type { Configuration } from './config/schema.ts'

export interface SharedParts {
  driver: StorageDriver
  locker: Locker
  /** Undefined when what repositories have is not to be remembered. */
  cache?: Cache | undefined
  log: Log
}

export function composeRegistry(configuration: Configuration, { driver, locker, cache, log }: SharedParts): Registry {
  const { redirect } = configuration.storage
  const redirectSeconds = redirect.disable ? undefined : Math.ceil(redirect.lifetime / 1000)
  return createRegistry({ driver, locker, cache, log, rules: manifestRules(configuration), redirectSeconds })
}

function manifestRules({ validation }: Configuration): ManifestRules {
  const { urls, indexes } = validation.manifests
  const enabled = validation.enabled || !validation.disabled
  const platforms = indexes.platformlist.map(({ os = '', architecture = '' }) => ({ os, architecture }))
  return {
    requiredPlatforms: !enabled ? 'all' : indexes.platforms === 'list' ? platforms : indexes.platforms,
    urls: enabled ? { allow: compiled(urls.allow), deny: compiled(urls.deny) } : { allow: [], deny: [] },
  }
}

/** The configuration was checked: what does not compile did not come this far. */
function compiled(sources: readonly string[]): RegExp[] {
  return sources.flatMap((source) => compileGoRegExp(source) ?? [])
}

export interface EdgeParts extends SharedParts {
  registry: Registry
  health: Health
  guarantees: Readonly<Record<string, string>> | undefined
  metrics: Metrics | undefined
  writeAccess: ((line: string) => void) | undefined
}

export function composeApp(configuration: Configuration, parts: EdgeParts): Koa {
  const { http, storage, validation, catalog, tags, log } = configuration
  const addresses = createAddresses({
    prefix: http.prefix,
    host: http.host,
    relative: http.relativeurls ?? true,
    secret: http.secret,
    isTrustedProxy: networkMatcher(http.trustedproxies),
  })
  return createApp(
    { ...parts, addresses, logsRequests: log.level === 'info' || log.level === 'debug' },
    {
      headers: http.headers,
      warnings: http.warnings,
      corsOrigins: http.cors.origins,
      maxManifestBytes: validation.manifests.maxbytes,
      maxTags: tags.maxtags,
      maxCatalogEntries: catalog.maxentries,
      deletes: storage.delete.enabled,
      redirects: !storage.redirect.disable,
      readonly: storage.maintenance.readonly.enabled,
    },
  )
}

export function composeHttpServer(configuration: Configuration, app: Koa, log: Log): HttpServer {
  const { http } = configuration
  return createHttpServer(
    app.callback(),
    {
      idleTimeoutMs: http.idletimeout,
      keepAliveTimeoutMs: http.keepalivetimeout,
      maxHeaderBytes: http.maxheaderbytes,
      tls: tlsSettings(http.tls),
    },
    log,
  )
}

/** The driver that tells the metrics how long its calls take. */
export function withMetrics(driver: StorageDriver, metrics: Metrics | undefined): StorageDriver {
  if (metrics === undefined) return driver
  return measured(driver, (action, seconds) => metrics.observeStorage(driver.name, action, seconds))
}

function tlsSettings(tls: Configuration['http']['tls']): TlsSettings | undefined {
  if (tls.certificate === undefined || tls.key === undefined) return undefined
  const clientAuth = tls.clientauth ?? 'require-and-verify-client-cert'
  const ciphers = tls.ciphersuites.flatMap((name) => openSslNames.get(name) ?? []).join(':')
  return {
    options: {
      cert: fs.readFileSync(tls.certificate),
      key: fs.readFileSync(tls.key),
      minVersion: tls.minimumtls === 'tls1.3' ? 'TLSv1.3' : 'TLSv1.2',
      ...(tls.clientcas.length > 0
        ? { ca: tls.clientcas.map((file) => fs.readFileSync(file)), requestCert: true }
        : {}),
      ...(ciphers === '' ? {} : { ciphers }),
    },
    clients: {
      mustPresent: clientAuth === 'require-and-verify-client-cert' || clientAuth === 'require-any-client-cert',
      mustVerify: clientAuth === 'require-and-verify-client-cert' || clientAuth === 'verify-client-cert-if-given',
    },
  }
}

function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => {
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
}
