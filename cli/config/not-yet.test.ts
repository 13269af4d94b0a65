import assert from 'node:assert/strict'
import { assertProblem, configured, load, problemsOf, smallest } from './configuration-for-tests.ts'

const yet = (name: string, line: number): RegExp =>
  new RegExp(`^config\\.yml:${line}: ${name} is not supported yet by this version`, 'u')

describe('what does not work yet', () => {
  it('keeps the registry from starting, with the way out', () => {
    assertProblem(yet('auth\\.htpasswd', 4), `${smallest}auth:\n  htpasswd: {realm: r, path: /p}\n`)
    assertProblem(yet('auth\\.silly', 3), `${smallest}auth: {silly: {realm: r, service: s}}\n`)
    assertProblem(
      yet('auth\\.token', 3),
      `${smallest}auth: {token: {realm: "https://a/", service: s, issuer: i, jwks: /k}}\n`,
    )
    assertProblem(yet('proxy', 3), `${smallest}proxy: {remoteurl: "https://registry-1.docker.io", password: p}\n`)
    assertProblem(
      yet('notifications\\.endpoints\\[0\\]', 3),
      `${smallest}notifications: {endpoints: [{name: a, url: "http://a/"}]}\n`,
    )
    assertProblem(yet('middleware\\.repository\\[0\\]', 3), `${smallest}middleware: {repository: [{name: mine}]}\n`)
  })

  it('says of auth what leaving it out means', () => {
    assertProblem(
      /Remove the auth section only if the registry may be open to everyone/u,
      `${smallest}auth: {htpasswd: {realm: r, path: /p}}\n`,
    )
  })

  it('may stand in the file while it is not used', () => {
    const { configuration, warnings } = load(`${smallest}
auth: none
notifications:
  events: {includereferences: true}
  endpoints: [{name: a, url: "http://a/", disabled: true, timeout: 500ms, ignore: {actions: [pull]}}]
middleware: {storage: [{name: cloudfront, disabled: true, options: {baseurl: "https://a/", privatekey: /k, keypairid: K, updatefrenquency: 1h}}]}
redis:
proxy: {ttl: 24h}
`)
    assert.deepEqual(warnings, [
      'config.yml:10: proxy has no effect without proxy.remoteurl: this registry caches no other.',
    ])
    assert.equal(configuration.notifications.endpoints[0]?.timeout, 500)
    assert.equal(configuration.middleware.storage[0]?.options.updatefrequency, 3_600_000)
    assert.equal(configuration.redis, undefined)
    assert.equal(configuration.proxy?.ttl, 86_400_000)
  })

  it('is checked nevertheless', () => {
    const problems = problemsOf(`version: 0.1
storage:
  s3:
    secretkey: x
    chunksize: 5
    encript: true
auth:
  token: {realm: "https://a/"}
redis: {addr: nonsense, pool: {maxidle: 16, maxactive: many, idletimeout: 300s}}
middleware: {storage: [{name: cloudfront}, {name: mirror}]}
`)
    for (const expected of [
      '3: storage.s3.bucket is missing',
      '3: storage.s3.region is missing',
      '5: storage.s3.chunksize must be a whole number from',
      '6: unknown option storage.s3.encript; did you mean storage.s3.encrypt?',
      '8: auth.token.service is missing',
      '8: auth.token.issuer is missing',
      '8: auth.token.rootcertbundle is missing',
      '9: redis.addrs[0] must be host:port',
      '9: redis.poolsize must be a whole number',
      '10: middleware.storage[0].options.baseurl is missing',
      '10: middleware.storage[1].name must be one of',
    ]) {
      assert.ok(
        problems.some((problem) => problem.startsWith(`config.yml:${expected}`)),
        `${expected}\n${problems.join('\n')}`,
      )
    }
  })
})

describe('options of distribution that are not ours', () => {
  it('are ignored where that is safe, and told', () => {
    const { warnings } = load(`${smallest}log:
  hooks: [{type: mail, levels: [panic], options: {smtp: {addr: a, password: hunter2}}}]
reporting: {bugsnag: {apikey: hunter2}}
compatibility: {schema1: {enabled: true}}
policy: {repository: {classes: [image]}}
http: {h2c: {enabled: true}, http2: {disabled: true}}
`)
    assert.deepEqual(
      warnings.map((warning) => warning.split(' is ignored')[0]),
      [
        'config.yml:4: log.hooks',
        'config.yml:5: reporting',
        'config.yml:6: compatibility',
        'config.yml:7: policy',
        'config.yml:8: http.h2c',
      ],
    )
    assert.ok(!warnings.join().includes('hunter2'))
  })

  it('pass silently when they ask for nothing', () => {
    const text = `${smallest}policy: {repository: {classes: []}}\nhttp: {h2c: {enabled: false}, tls: {letsencrypt: {}}}\nreporting:\n`
    assert.deepEqual(load(text).warnings, [])
    assert.equal(configured(text).http.http2.disabled, false)
  })
})
