import assert from 'node:assert/strict'
import { load } from './configuration-for-tests.ts'

const version3 = `
version: 0.1
log:
  accesslog: {disabled: true}
  level: warn
  formatter: json
  fields: {service: registry, environment: staging}
storage:
  filesystem: {rootdirectory: /srv/images, maxthreads: 200}
  delete: {enabled: true}
  redirect: {disable: true}
  cache: {blobdescriptor: inmemory, blobdescriptorsize: 5000}
  tag: {concurrencylimit: 8}
  maintenance:
    uploadpurging: {enabled: true, age: 72h, interval: 12h, dryrun: false}
    readonly: {enabled: false}
http:
  addr: 0.0.0.0:5000
  net: tcp
  host: https://images.example.com
  prefix: /team/
  secret: 5f0c0ffee
  relativeurls: true
  draintimeout: 60s
  tls:
    certificate: /tls/cert.pem
    key: /tls/key.pem
    clientcas: [/tls/ca.pem]
    clientauth: verify-client-cert-if-given
    minimumtls: tls1.3
  headers:
    X-Content-Type-Options: [nosniff]
    Strict-Transport-Security: ["max-age=63072000"]
  debug:
    addr: localhost:5001
    prometheus: {enabled: true, path: /metrics}
  http2: {disabled: false}
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
  file: [{file: /run/drain, interval: 5s}]
  http: [{uri: "https://other.example.com/", statuscode: 204, timeout: 3s, headers: {Accept: [text/plain]}}]
  tcp: [{addr: db.example.com:5432, timeout: 1s, threshold: 2}]
catalog: {maxentries: 200}
tags: {maxtags: 500}
validation:
  disabled: false
  manifests:
    urls: {allow: ['^https?://([^/]+\\.)*example\\.com/'], deny: ['^http://']}
    indexes: {platforms: List, platformlist: [{architecture: amd64, os: linux}]}
`

const version2 = `
version: 0.1
loglevel: debug
log:
  fields:
    service: registry
  hooks:
    - {type: mail, disabled: true, levels: [panic], options: {smtp: {addr: mail.example.com:25}, to: [a@example.com]}}
storage:
    cache:
        layerinfo: inmemory
    filesystem:
        rootdirectory: /var/lib/registry
    delete:
        enabled: yes
http:
    addr: :5000
    secret: asecret
    headers:
        X-Content-Type-Options: [nosniff]
    debug:
        addr: :5001
compatibility:
  schema1: {signingkeyfile: /etc/registry/key.json, enabled: true}
reporting:
  newrelic: {licensekey: "123", name: registry}
validation:
  enabled: true
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
`

describe('the file of a running registry', () => {
  it('of version 3 starts this one, without a warning', () => {
    const { configuration, warnings } = load(version3)
    assert.deepEqual(warnings, [])
    assert.equal(configuration.log.accesslog.disabled, true)
    assert.equal(configuration.http.prefix, '/team/')
    assert.equal(configuration.http.draintimeout, 60_000)
    assert.equal(configuration.http.tls.clientauth, 'verify-client-cert-if-given')
    assert.deepEqual(configuration.storage.maintenance.uploadpurging, {
      enabled: true,
      age: 259_200_000,
      interval: 43_200_000,
      dryrun: false,
    })
    assert.deepEqual(configuration.health.http, [
      {
        uri: 'https://other.example.com/',
        statuscode: 204,
        timeout: 3000,
        interval: 10_000,
        threshold: 0,
        headers: { Accept: ['text/plain'] },
      },
    ])
    assert.equal(configuration.validation.manifests.indexes.platforms, 'list')
  })

  it('of version 2 starts this one, and what is left out is told', () => {
    const { configuration, warnings } = load(version2)
    assert.equal(configuration.log.level, 'debug')
    assert.equal(configuration.storage.cache.blobdescriptor, 'inmemory')
    assert.equal(configuration.storage.delete.enabled, true)
    assert.equal(configuration.validation.enabled, true)
    assert.deepEqual(
      warnings.map((warning) => warning.split(' is ')[0]),
      ['config.yml:7: log.hooks', 'config.yml:23: compatibility', 'config.yml:25: reporting'],
    )
  })

  it('as made by the Helm chart and its environment starts this one', () => {
    const text = `version: 0.1
log: {fields: {service: registry}}
storage: {cache: {blobdescriptor: inmemory}}
http: {addr: ":5000", headers: {X-Content-Type-Options: [nosniff]}, debug: {addr: ":5001", prometheus: {enabled: false, path: /metrics}}}
health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}
`
    const { configuration, warnings } = load(text, {
      REGISTRY_HTTP_SECRET: 'haSharedSecret',
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: '/var/lib/registry',
      REGISTRY_STORAGE_DELETE_ENABLED: 'true',
    })
    assert.deepEqual(warnings, [])
    assert.equal(configuration.storage.filesystem?.rootdirectory, '/var/lib/registry')
    assert.equal(configuration.storage.delete.enabled, true)
    assert.equal(configuration.http.secret, 'haSharedSecret')
  })
})
