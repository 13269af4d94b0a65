import assert from 'node:assert/strict'
import { assertProblem, configured, load, problemsOf, smallest } from './configuration-for-tests.ts'

describe('without a file', () => {
  it('the registry listens on this machine only, stores in ./data and allows deleting', () => {
    const { configuration, warnings } = load(undefined)
    assert.equal(configuration.http.addr, '127.0.0.1:5000')
    assert.equal(configuration.storage.filesystem?.rootdirectory, './data')
    assert.equal(configuration.storage.delete.enabled, true)
    assert.deepEqual(configuration.auth, {})
    assert.deepEqual(warnings, [])
  })

  it('the environment applies all the same', () => {
    const { http, storage } = configured(undefined, { REGISTRY_STORAGE: 'inmemory', REGISTRY_HTTP_ADDR: ':1' })
    assert.equal(http.addr, ':1')
    assert.equal(storage.filesystem, undefined)
    assert.equal(storage.delete.enabled, true)
    assert.equal(configured(undefined, { REGISTRY_STORAGE: 'filesystem' }).storage.filesystem?.rootdirectory, './data')
    assert.equal(configured(undefined, { REGISTRY_STORAGE_DELETE_ENABLED: 'false' }).storage.delete.enabled, false)
    assert.equal(
      configured(undefined, { REGISTRY_STORAGE_FILESYSTEM_MAXTHREADS: '30' }).storage.filesystem?.rootdirectory,
      './data',
    )
  })
})

describe('with a file', () => {
  it("the defaults are distribution's", () => {
    const { http, storage, log, catalog, tags, health } = configured('version: 0.1\nstorage: {filesystem: }\n')
    assert.deepEqual(storage.filesystem, { rootdirectory: '/var/lib/registry', maxthreads: 100 })
    assert.equal(storage.delete.enabled, false)
    assert.equal(storage.redirect.disable, false)
    assert.deepEqual(storage.cache, { blobdescriptor: 'none', blobdescriptorsize: 10_000 })
    assert.deepEqual(storage.maintenance, {
      uploadpurging: { enabled: true, age: 604_800_000, interval: 86_400_000, dryrun: false },
      readonly: { enabled: false },
    })
    assert.equal(http.addr, ':5000')
    assert.equal(http.relativeurls, undefined)
    assert.deepEqual([log.level, log.formatter, log.accesslog.disabled], ['info', 'text', false])
    assert.deepEqual([catalog.maxentries, tags.maxtags], [1000, 1000])
    assert.deepEqual(health.storagedriver, { enabled: false, interval: 10_000, threshold: 0 })
  })

  it('our own options have theirs', () => {
    const { http, validation } = configured(smallest)
    assert.equal(http.workers, 'auto')
    assert.deepEqual(
      [http.draintimeout, http.idletimeout, http.keepalivetimeout, http.readinessdelay],
      [25_000, 60_000, 75_000, 0],
    )
    assert.equal(http.maxheaderbytes, 65_536)
    assert.deepEqual([http.trustedproxies, http.cors.origins, http.warnings], [[], [], []])
    assert.equal(validation.manifests.maxbytes, 4_194_304)
  })

  it('zero means the default where distribution says so', () => {
    const { http, catalog, tags } = configured(
      `${smallest}http: {draintimeout: 0s}\ncatalog: {maxentries: -5}\ntags: {maxtags: 0}\n`,
    )
    assert.deepEqual([http.draintimeout, catalog.maxentries, tags.maxtags], [25_000, 1000, 1000])
    assertProblem(
      /^config\.yml:3: tags\.maxtags must be a whole number of at least 0/u,
      `${smallest}tags: {maxtags: -1}\n`,
    )
  })

  it('a part of a section leaves the rest of it at the defaults', () => {
    const { uploadpurging } = configured(
      'version: 0.1\nstorage: {inmemory: , maintenance: {uploadpurging: {age: 1h}}}\n',
    ).storage.maintenance
    assert.deepEqual(uploadpurging, { enabled: true, age: 3_600_000, interval: 86_400_000, dryrun: false })
  })

  it('relativeurls is told, not told, or told off', () => {
    for (const [text, value] of [
      ['true', true],
      ['false', false],
    ]) {
      assert.equal(configured(`${smallest}http: {relativeurls: ${String(text)}}\n`).http.relativeurls, value)
    }
  })

  it('paths and headers take their usual form', () => {
    const { http } = configured(`${smallest}http: {prefix: registry, headers: {x-content-type-options: nosniff}}\n`)
    assert.equal(http.prefix, '/registry/')
    assert.deepEqual(http.headers, { 'X-Content-Type-Options': ['nosniff'] })
  })

  it('the older names are understood', () => {
    const { log, storage } = configured(
      'version: 0.1\nloglevel: debug\nstorage: {inmemory: {}, cache: {layerinfo: inmemory}}\n',
    )
    assert.equal(log.level, 'debug')
    assert.equal(storage.cache.blobdescriptor, 'inmemory')
  })
})

describe('mistakes', () => {
  it('are all told at once, in the order of the file, each with line, key and way out', () => {
    const text = `version: 0.1
log:
  level: verbose
storage:
  filesystem:
    rootdirectroy: /data
  delete:
    enabled: perhaps
  maintenance:
    uploadpurging: {age: 7d}
http:
  adr: :5000
  addr: "5000"
  workers: 0
  trustedproxies: [10.0.0.0/8, proxy.example.com]
  cors: {origins: ["https://ui.example.com/"]}
  headers: {"bad name": [x]}
health:
  http:
    - uri: http://ok/
    - uri: nonsense
validation:
  manifests: {urls: {allow: ["^https://", "("]}}
`
    assert.deepEqual(problemsOf(text, { REGISTRY_CATALOG_MAXENTRIES: 'many' }), [
      'config.yml:3: log.level must be one of error, warn, info, debug.',
      'config.yml:6: unknown option storage.filesystem.rootdirectroy; did you mean storage.filesystem.rootdirectory?',
      'config.yml:8: storage.delete.enabled must be true or false.',
      'config.yml:10: storage.maintenance.uploadpurging.age must be a duration such as 30s, 1h30m or 168h.',
      'config.yml:12: unknown option http.adr; did you mean http.addr?',
      'config.yml:13: http.addr must be host:port, such as 127.0.0.1:5000, :5000 or [::1]:5000.',
      'config.yml:14: http.workers must be a whole number of at least 1, or auto.',
      'config.yml:15: http.trustedproxies[1] must be an IP address or a network such as 10.0.0.0/8.',
      'config.yml:16: http.cors.origins[0] must be an origin such as https://ui.example.com (no path, no slash at the end), or *.',
      'config.yml:17: http.headers.bad name is not the name of a header.',
      'config.yml:21: health.http[1].uri is not right. Give a full address, http:// or https://.',
      'config.yml:23: validation.manifests.urls.allow[1] is no regular expression that can be used here.',
      'REGISTRY_CATALOG_MAXENTRIES: catalog.maxentries must be a whole number.',
    ])
  })

  it('are slips of the keyboard only when an option is near; other unknown keys are ignored, and told', () => {
    const { warnings } = load(
      `${smallest}x-common: {a: 1}\nhttp:\n  speed: fast\nhealth: {file: [{file: /x, colour: red}]}\n`,
    )
    assert.deepEqual(warnings, [
      'config.yml:3: x-common is not an option of this registry; it is ignored.',
      'config.yml:5: http.speed is not an option of this registry; it is ignored.',
      'config.yml:6: health.file[0].colour is not an option of this registry; it is ignored.',
    ])
    assertProblem(/unknown option HTTP; did you mean http\?/u, `${smallest}HTTP: {addr: ":1"}\n`)
    assertProblem(
      /unknown option health\.file\[0\]\.intervall; did you mean health\.file\[0\]\.interval\?/u,
      `${smallest}health: {file: [{file: /x, intervall: 1s}]}\n`,
    )
  })

  it('are sections where values belong, and values where sections belong', () => {
    assertProblem(/^config\.yml:3: http must be a section/u, `${smallest}http: 5000\n`)
    assertProblem(/^config\.yml:3: http\.secret must be a text/u, `${smallest}http: {secret: [a]}\n`)
    assertProblem(
      /^config\.yml:2: storage\.maintenance\.readonly must be a section/u,
      'version: 0.1\nstorage: {inmemory: , maintenance: {readonly: true}}\n',
    )
    assertProblem(/^config\.yml:3: health\.file\[0\] must be a section/u, `${smallest}health: {file: /x}\n`)
    assertProblem(/^config\.yml:3: http\.headers must be a section/u, `${smallest}http: {headers: [a]}\n`)
  })

  it('are headers that could not be sent', () => {
    assertProblem(/http\.headers\.X-A\[0\] must be one line/u, `${smallest}http: {headers: {X-A: ["a\\r\\nb"]}}\n`)
    assertProblem(/http\.warnings\[0\] must be one line of ASCII/u, `${smallest}http: {warnings: ["a\\nb"]}\n`)
    const long = '"' + 'x'.repeat(2100) + '"'
    assertProblem(
      /http\.warnings are longer than 4096 bytes together/u,
      `${smallest}http: {warnings: [${long}, ${long}]}\n`,
    )
    assert.equal(configured(`${smallest}http: {warnings: [${long}]}\n`).http.warnings.length, 1)
  })
})
