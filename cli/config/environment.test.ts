import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { assertProblem, configured, load, smallest } from './configuration-for-tests.ts'
import { processEnvironment } from './environment.ts'

const file = `version: 0.1
storage:
  filesystem: {rootdirectory: /old}
  delete: {enabled: true}
  maintenance:
    readonly: {enabled: false}
http:
  addr: :5000
  headers: {X-Old: [old], X-Name: [b]}
`

describe('the environment', () => {
  it('is that of the process when none is given', () => {
    assert.equal(processEnvironment(), process.env)
  })

  it('wins over the file', () => {
    const { http, storage } = configured(file, {
      REGISTRY_HTTP_ADDR: ':6000',
      REGISTRY_STORAGE_DELETE_ENABLED: 'false',
    })
    assert.equal(http.addr, ':6000')
    assert.equal(storage.delete.enabled, false)
  })

  it('is read as YAML', () => {
    const { http, log, storage } = configured(smallest, {
      REGISTRY_HTTP: '{addr: ":7000", debug: {addr: ":7001"}}',
      REGISTRY_LOG_FIELDS: '{service: registry, shard: 3}',
      REGISTRY_STORAGE_MAINTENANCE_READONLY: '{"enabled":true}',
      REGISTRY_HTTP_SECRET: '0123',
      REGISTRY_HTTP_TRUSTEDPROXIES: '["10.0.0.0/8", "::1"]',
    })
    assert.equal(http.addr, ':7000')
    assert.equal(http.debug.addr, ':7001')
    assert.equal(http.secret, '0123')
    assert.deepEqual(http.trustedproxies, ['10.0.0.0/8', '::1'])
    assert.deepEqual(log.fields, { service: 'registry', shard: 3 })
    assert.equal(storage.maintenance.readonly.enabled, true)
  })

  it('replaces a section before longer names refine it, in whatever order they come', () => {
    const variables: [string, string][] = [
      ['REGISTRY_STORAGE', 'filesystem'],
      ['REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY', '/new'],
      ['REGISTRY_STORAGE_FILESYSTEM_MAXTHREADS', '50'],
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(variables, { minLength: 3 }), (shuffled) => {
        const { storage } = configured(file, Object.fromEntries(shuffled))
        assert.deepEqual(storage.filesystem, { rootdirectory: '/new', maxthreads: 50 })
        assert.equal(storage.delete.enabled, false, 'the rest of the section is gone, as in distribution')
      }),
    )
  })

  it('can name the driver, alone or in a section', () => {
    assert.deepEqual(configured(file, { REGISTRY_STORAGE: 'inmemory' }).storage.inmemory, {})
    assert.deepEqual(configured(file, { REGISTRY_STORAGE: '{inmemory: }' }).storage.inmemory, {})
    assert.equal(configured(file, { REGISTRY_STORAGE: 'inmemory' }).storage.filesystem, undefined)
  })

  it('sets what panics in distribution: single keys of readonly and of uploadpurging', () => {
    const { maintenance } = configured('version: 0.1\nstorage: inmemory\n', {
      REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true',
      REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE: '24h',
      REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_DRYRUN: 'true',
    }).storage
    assert.equal(maintenance.readonly.enabled, true)
    assert.deepEqual(maintenance.uploadpurging, { enabled: true, age: 86_400_000, interval: 86_400_000, dryrun: true })
  })

  it('sets headers by names with capitals and dashes', () => {
    const { headers } = configured(file, {
      'REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin': '["*"]',
      'REGISTRY_HTTP_HEADERS_X-Name': '["a"]',
    }).http
    assert.deepEqual(headers, { 'X-Old': ['old'], 'X-Name': ['a'], 'Access-Control-Allow-Origin': ['*'] })
  })

  it('appends to lists, one number after the other', () => {
    const { health } = configured(`${smallest}health: {tcp: [{addr: "a:1"}]}\n`, {
      REGISTRY_HEALTH_TCPCHECKERS_0_THRESHOLD: '4',
      REGISTRY_HEALTH_TCP_1_ADDR: 'b:2',
      REGISTRY_HTTP_TLS_CLIENTCAS: '',
    })
    assert.deepEqual(
      health.tcp.map(({ addr, threshold }) => [addr, threshold]),
      [
        ['a:1', 4],
        ['b:2', 0],
      ],
    )
  })

  it('fills a list of eleven, and single texts', () => {
    const origins = Array.from({ length: 12 }, (_, index) => [
      `REGISTRY_HTTP_CORS_ORIGINS_${index}`,
      `http://h${index}`,
    ])
    assert.equal(configured(smallest, Object.fromEntries(origins)).http.cors.origins[11], 'http://h11')
  })

  it('cannot leave a gap in a list', () => {
    assertProblem(/^REGISTRY_HEALTH_FILE_1_FILE: entry 1 of this list cannot be set before entry 0/u, smallest, {
      REGISTRY_HEALTH_FILE_1_FILE: '/x',
    })
  })

  it("knows the names of distribution's fields as well as the keys", () => {
    const byField = configured(smallest, {
      REGISTRY_HEALTH_FILECHECKERS_0_FILE: '/down',
      REGISTRY_HEALTH_HTTPCHECKERS_0_URI: 'http://a/',
      REGISTRY_HEALTH_HTTPCHECKERS_0_STATUSCODE: '204',
      REGISTRY_HEALTH_HTTPCHECKERS_0_HEADERS_Authorization: '[x]',
      REGISTRY_HEALTH_TCPCHECKERS_0_ADDR: 'a:1',
      REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: 'true',
    })
    const byKey = configured(smallest, {
      REGISTRY_HEALTH_FILE_0_FILE: '/down',
      REGISTRY_HEALTH_HTTP_0_URI: 'http://a/',
      REGISTRY_HEALTH_HTTP_0_STATUSCODE: '204',
      REGISTRY_HEALTH_HTTP_0_HEADERS_Authorization: '[x]',
      REGISTRY_HEALTH_TCP_0_ADDR: 'a:1',
      REGISTRY_NOTIFICATIONS_EVENTS_INCLUDEREFERENCES: 'true',
    })
    assert.deepEqual(byField, byKey)
    assert.equal(byField.health.http[0]?.statuscode, 204)
    assert.deepEqual(byField.health.http[0]?.headers, { Authorization: ['x'] })
    assert.equal(byField.notifications.events.includereferences, true)
  })

  it('knows the older names and the inlined struct of redis', () => {
    assert.equal(configured(smallest, { REGISTRY_LOGLEVEL: 'debug' }).log.level, 'debug')
    assert.equal(configured(smallest, { REGISTRY_LOGLEVEL: 'debug', REGISTRY_LOG_LEVEL: 'warn' }).log.level, 'warn')
    assert.deepEqual(configured(smallest, { REGISTRY_REDIS_OPTIONS_ADDRS: '[a:1]' }).redis?.addrs, ['a:1'])
    assert.deepEqual(configured(smallest, { REGISTRY_REDIS_ADDR: 'a:1' }).redis?.addrs, ['a:1'])
    const both = load(`${smallest}log: {level: info}\n`, { REGISTRY_LOGLEVEL: 'debug' })
    assert.deepEqual(both.warnings, ['REGISTRY_LOGLEVEL: loglevel is ignored, since log.level is given too.'])
  })

  it('sets an option back to its default by an empty value', () => {
    assert.equal(configured(file, { REGISTRY_STORAGE_DELETE_ENABLED: '' }).storage.delete.enabled, false)
    assert.equal(configured(`${file}log: {level: debug}\n`, { REGISTRY_LOG_LEVEL: '' }).log.level, 'info')
  })

  it('takes a text that is no YAML as it is', () => {
    for (const secret of [
      '*star',
      '@at',
      '%percent',
      '"quote',
      '[bracket',
      'a: b: c',
      '{brace',
      '#hash',
      '&and',
      '!bang',
    ]) {
      assert.equal(configured(smallest, { REGISTRY_HTTP_SECRET: secret }).http.secret, secret)
    }
    assertProblem(/^REGISTRY_HTTP_CORS: the value is not valid YAML/u, smallest, { REGISTRY_HTTP_CORS: '{origins: [' })
  })

  it('is named, not a line of the file, when its value is wrong', () => {
    assertProblem(/^REGISTRY_LOG_LEVEL: log\.level must be one of .*; did you mean warn\?$/u, smallest, {
      REGISTRY_LOG_LEVEL: 'warnn',
    })
    assertProblem(/^REGISTRY_HTTP_DRAINTIMEOUT: http\.draintimeout must be a duration/u, smallest, {
      REGISTRY_HTTP_DRAINTIMEOUT: '5 min',
    })
  })
})
